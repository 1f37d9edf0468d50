import type { Clock } from '../../admission/clock.ts';

/** `open`: nobody asks; `half-open`: one asks whether it is back, all others wait for what it finds. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** One try that was let through. The first call that says how it ended counts. */
export interface Pass {
  /** The first word came: the service is there. */
  spoke(): void;
  succeeded(): void;
  /** @param retryAfterMs the service asked to be left alone for so long. */
  failed(retryAfterMs?: number): void;
  /** It ended for reasons that tell nothing of the service. */
  dropped(): void;
}

export interface CircuitBreaker {
  /** A pass, or for how many milliseconds there is none. */
  admit(): Pass | number;
  readonly state: BreakerState;
  readonly failuresInARow: number;
}

/** A request may fail three times on its own (`guarded-model.ts`): two in a row open it. */
const FAILURES = 5;
const FIRST_OPEN_MS = 5000;
const MOST_OPEN_MS = 60_000;

/**
 * Keeps requests away from a service that fails again and again, so that answers fall back at once and it can recover
 * (Nygard, Release It!, 2007). After a while that doubles up to a minute, one request finds out whether it is back.
 */
export function createCircuitBreaker(clock: Clock): CircuitBreaker {
  let failures = 0;
  let openMs = 0;
  let openUntil = Number.NEGATIVE_INFINITY;
  /** The request that finds out. */
  let probe: symbol | undefined;

  const isOpen = () => openMs > 0;
  function open(retryAfterMs: number) {
    openMs = Math.min(MOST_OPEN_MS, Math.max(openMs * 2, FIRST_OPEN_MS));
    openUntil = clock.now() + Math.min(MOST_OPEN_MS, Math.max(openMs, retryAfterMs));
  }

  return {
    admit() {
      const waitMs = openUntil - clock.now();
      // while one finds out, the others try their luck again when it has had the time for a first word
      if (isOpen() && (waitMs > 0 || probe !== undefined)) return Math.max(waitMs, 1000);
      const id = Symbol('pass');
      if (isOpen()) probe = id;
      let ended = false;
      const end = () => {
        const first = !ended;
        ended = true;
        if (probe === id) probe = undefined;
        return first;
      };
      return {
        spoke() {
          if (ended) return;
          if (probe === id) {
            probe = undefined;
            openMs = 0;
          }
        },
        succeeded() {
          if (!end()) return;
          failures = 0;
          openMs = 0;
        },
        failed(retryAfterMs = 0) {
          const wasProbe = probe === id;
          if (!end()) return;
          failures++;
          if (wasProbe || (!isOpen() && failures >= FAILURES)) open(retryAfterMs);
        },
        dropped: () => void end(),
      };
    },
    get state() {
      if (!isOpen()) return 'closed';
      return openUntil > clock.now() ? 'open' : 'half-open';
    },
    get failuresInARow() {
      return failures;
    },
  };
}
