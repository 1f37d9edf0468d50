import { LRUCache } from 'lru-cache';
import { AppError } from '../errors.ts';

/**
 * Slows down guessing. After some failures every further one doubles the time until the next try is let in,
 * for the account and, with more patience, for the address (many people may share one).
 */
export interface LoginThrottle {
  /**
   * Counts a try as failed before its outcome is known, so that tries at the same time can't all be the first.
   *
   * @throws AppError RATE_LIMITED when it comes too early.
   */
  begin(email: string, address: string): void;
  succeeded(email: string, address: string): void;
}

interface Rule {
  /** Failures that cost nothing. */
  readonly free: number;
  readonly maxWaitMs: number;
}
/** The short wait keeps a stranger from locking somebody out for long; it still allows 1,440 guesses a day only. */
const ACCOUNT: Rule = { free: 5, maxWaitMs: 60_000 };
const ADDRESS: Rule = { free: 20, maxWaitMs: 15 * 60_000 };
const FORGET_MS = 30 * 60_000;

interface Failures {
  readonly count: number;
  readonly nextAt: number;
}

/** @param now milliseconds that never go back. */
export function createLoginThrottle(now: () => number = () => performance.now()): LoginThrottle {
  const accounts = new LRUCache<string, Failures>({ max: 10_000, ttl: FORGET_MS });
  const addresses = new LRUCache<string, Failures>({ max: 10_000, ttl: FORGET_MS });
  const waitMs = (known: LRUCache<string, Failures>, key: string) => (known.get(key)?.nextAt ?? 0) - now();
  const fail = (known: LRUCache<string, Failures>, key: string, { free, maxWaitMs }: Rule) => {
    const count = (known.get(key)?.count ?? 0) + 1;
    const wait = count < free ? 0 : Math.min(1000 * 2 ** Math.min(count - free, 30), maxWaitMs);
    known.set(key, { count, nextAt: now() + wait });
  };
  return {
    begin(email, address) {
      const wait = Math.max(waitMs(accounts, email), waitMs(addresses, address));
      if (wait > 0)
        throw new AppError('RATE_LIMITED', `Too many failed tries: wait ${Math.ceil(wait / 1000)} s.`, {
          retryAfterSeconds: wait / 1000,
        });
      fail(accounts, email, ACCOUNT);
      fail(addresses, address, ADDRESS);
    },
    succeeded(email, address) {
      accounts.delete(email);
      // one's own success must not wash away guesses at others' accounts: it only takes its own try back
      const known = addresses.get(address);
      if (known !== undefined) addresses.set(address, { count: known.count - 1, nextAt: 0 });
    },
  };
}
