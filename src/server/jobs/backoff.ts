const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;

/**
 * How long to wait after the given try (1 is the first): doubling from a second to five minutes, of which a
 * random half, so that what failed together does not come back together.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20));
  return Math.round(whole / 2 + (whole / 2) * random());
}
