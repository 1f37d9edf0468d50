const FIRST_MS = 500;
const MOST_MS = 8000;

/**
 * How long to wait before the next try: anything up to a bound that doubles with every try, so that clients that
 * failed together do not come back together ("full jitter", Brooker 2015, Exponential Backoff and Jitter). Never
 * less than what the provider asked for.
 * @param tries made so far, from 1.
 * @param random in [0, 1).
 */
export const backoffMs = (tries: number, random: () => number, retryAfterMs = 0): number =>
  retryAfterMs + random() * Math.min(MOST_MS, FIRST_MS * 2 ** (tries - 1));
