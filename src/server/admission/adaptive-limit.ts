/** How many pieces of work may go on at a time, learnt from how long they take. */
export interface AdaptiveLimit {
  readonly limit: number;
  /** One piece of work has taken `ms`, without its wait for a place. */
  took(ms: number): void;
  /**
   * Ends a span of time and draws the conclusion.
   * @param peak the most places that were taken at a time meanwhile.
   * @returns whether work takes too long, or the loop is late.
   */
  conclude(span: { readonly loopDelayMs: number; readonly peak: number }): boolean;
}

/**
 * Half of the 300 ms that a new answer may take (p95, row A4 of the targets): the other half is for waiting. With it
 * `bench/flood.ts` leaves others 144 ms (searches) and 268 ms (answers) at p95 beside one user's flood.
 */
const SLOW_MS = 150;
/** With more than this slow the p90 is beyond the bound, and less is what one long question among short ones makes. */
const SLOW_SHARE = 0.1;
/** The main thread answers everything else too: a turn that is this late shows in all of it. */
const LATE_LOOP_MS = 50;
/** Fewer say nothing: they are counted with those of the next span. */
const SAMPLES = 10;
const FIRST = 16;
/** One for each thread that a question goes through, so that none of them idles. */
const LEAST = 4;
const MOST = 128;
const DECREASE = 0.8;

/**
 * Additive increase, multiplicative decrease, as networks share a line that nobody knows the width of: one more place
 * after each span in which all were taken and work was quick, a fifth fewer after one in which it was not. A limit of which
 * less than half was used is neither the cause nor the cure, and stays.
 */
export function createAdaptiveLimit(): AdaptiveLimit {
  let limit = FIRST;
  let slow = 0;
  let all = 0;
  return {
    get limit() {
      return limit;
    },
    took(ms) {
      all++;
      if (ms > SLOW_MS) slow++;
    },
    conclude({ loopDelayMs, peak }) {
      const enough = all >= SAMPLES;
      const congested = loopDelayMs > LATE_LOOP_MS || (enough && slow > all * SLOW_SHARE);
      if (congested && peak * 2 >= limit) limit = Math.max(LEAST, Math.floor(limit * DECREASE));
      else if (!congested && enough && peak >= limit) limit = Math.min(MOST, limit + 1);
      if (enough) {
        slow = 0;
        all = 0;
      }
      return congested;
    },
  };
}
