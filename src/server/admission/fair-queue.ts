import { AppError } from '../errors.ts';
import type { Clock } from './clock.ts';

/** Places for work that goes on at the same time, and those who wait for one. */
export interface FairQueue {
  /**
   * A place, as soon as it is `userId`'s turn; call the answer to give it back, more often does no harm.
   * @throws AppError OVERLOADED when too many wait, or it has waited too long; the signal's reason once it is aborted.
   */
  enter(userId: string, signal: AbortSignal): Promise<() => void>;
  /** Gives places to those who wait, when there are more places than before. */
  fill(): void;
  /** Refuses whoever has waited longer than `ms`. */
  expire(ms: number): void;
  readonly active: number;
  readonly waiting: number;
  /** Since the start: entries that were refused. */
  readonly refused: number;
}

interface Waiter {
  readonly sinceMs: number;
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
}

export interface FairQueueOptions {
  /** Read anew each time: it may change. */
  readonly maxActive: () => number;
  readonly maxWaiting: number;
  /** What a place is taken to be held for before anybody has held one. */
  readonly firstHoldMs: number;
  /** What those who are refused are told. */
  readonly refusal: string;
  readonly clock: Clock;
  /** Hears how long each place was held. */
  readonly onLeave?: (heldMs: number) => void;
}

/** Of the moving average of how long places are held. */
const NEWEST_SHARE = 0.2;

/**
 * Users take turns: whoever has asked for much waits behind whoever has asked for little. When the queue is full, the
 * user who waits most often gives up the last of their requests to one who waits less.
 */
export function createFairQueue(options: FairQueueOptions): FairQueue {
  const { maxActive, maxWaiting, refusal, clock, onLeave = () => {} } = options;
  // in the order of their turns; nobody is in it without a waiter
  const users = new Map<string, Waiter[]>();
  let active = 0;
  let waiting = 0;
  let refused = 0;
  let holdMs = options.firstHoldMs;

  const overloaded = () => {
    refused++;
    const seconds = Math.ceil(((waiting + 1) / maxActive()) * (holdMs / 1000));
    return new AppError('OVERLOADED', refusal, {
      retryAfterSeconds: Math.min(60, Math.max(1, seconds)),
    });
  };

  function take(): () => void {
    active++;
    const sinceMs = clock.now();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      active--;
      const heldMs = clock.now() - sinceMs;
      holdMs += NEWEST_SHARE * (heldMs - holdMs);
      onLeave(heldMs);
      fill();
    };
  }

  function fill(): void {
    while (active < maxActive()) {
      const turn = users.entries().next();
      if (turn.done) return;
      const [userId, waiters] = turn.value;
      const waiter = waiters.shift();
      users.delete(userId);
      if (waiters.length > 0) users.set(userId, waiters);
      waiting--;
      waiter?.start();
    }
  }

  function makeRoomFor(userId: string): void {
    const mine = users.get(userId)?.length ?? 0;
    const [longest] = [...users].sort(([, a], [, b]) => b.length - a.length);
    if (longest === undefined || longest[1].length <= mine + 1) throw overloaded();
    const last = longest[1].at(-1);
    if (last === undefined) throw overloaded();
    remove(longest[0], last);
    last.refuse(overloaded());
  }

  function remove(userId: string, waiter: Waiter): void {
    const waiters = users.get(userId);
    const at = waiters?.indexOf(waiter) ?? -1;
    if (waiters === undefined || at < 0) return;
    waiters.splice(at, 1);
    if (waiters.length === 0) users.delete(userId);
    waiting--;
  }

  return {
    async enter(userId, signal) {
      signal.throwIfAborted();
      if (active < maxActive()) return take();
      if (waiting >= maxWaiting) makeRoomFor(userId);
      return new Promise<() => void>((resolve, reject) => {
        const stop = () => {
          remove(userId, waiter);
          reject(signal.reason);
        };
        const waiter: Waiter = {
          sinceMs: clock.now(),
          start() {
            signal.removeEventListener('abort', stop);
            resolve(take());
          },
          refuse(error) {
            signal.removeEventListener('abort', stop);
            reject(error);
          },
        };
        signal.addEventListener('abort', stop, { once: true });
        const waiters = users.get(userId) ?? [];
        waiters.push(waiter);
        users.set(userId, waiters);
        waiting++;
      });
    },
    fill,
    expire(ms) {
      const latest = clock.now() - ms;
      for (const [userId, waiters] of [...users])
        for (const waiter of waiters.filter(({ sinceMs }) => sinceMs < latest)) {
          remove(userId, waiter);
          waiter.refuse(overloaded());
        }
    },
    get active() {
      return active;
    },
    get waiting() {
      return waiting;
    },
    get refused() {
      return refused;
    },
  };
}
