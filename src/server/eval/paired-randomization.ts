/** Two ways to do the same, question by question. */
export interface PairedDifference {
  readonly pairs: number;
  readonly before: number;
  readonly after: number;
  /** Questions of which the second way does better, and worse. */
  readonly better: number;
  readonly worse: number;
  /** How often signs given at random make a difference of the means as large as this one, either way; in (0, 1]. */
  readonly p: number;
}

/** The smallest p that can be told is one of so many. */
const PERMUTATIONS = 10_000;
const SEED = 20_071;

/**
 * The two-sided paired randomization test of a difference of means (Smucker, Allan and Carterette, "A comparison of
 * statistical significance tests for information retrieval evaluation", CIKM 2007). The same pairs give the same p.
 */
export function comparePairs(pairs: readonly (readonly [before: number, after: number])[]): PairedDifference {
  const differences = pairs.map(([before, after]) => after - before).filter((difference) => difference !== 0);
  const observed = Math.abs(sum(differences));
  // sums in another order differ in their last digits
  const least = observed - 1e-9 * Math.max(1, observed);
  const bits = randomBits(SEED);
  let asLarge = 0;
  for (let n = 0; n < PERMUTATIONS; n++) {
    let total = 0;
    for (const difference of differences) total += bits() ? difference : -difference;
    if (Math.abs(total) >= least) asLarge++;
  }
  const mean = (of: 0 | 1) => (pairs.length === 0 ? 0 : sum(pairs.map((pair) => pair[of])) / pairs.length);
  return {
    pairs: pairs.length,
    before: mean(0),
    after: mean(1),
    better: differences.filter((difference) => difference > 0).length,
    worse: differences.filter((difference) => difference < 0).length,
    // the pairs as they are count as one of the permutations
    p: (asLarge + 1) / (PERMUTATIONS + 1),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Xorshift (Marsaglia 2003), a bit at a time from the middle of its words. */
function randomBits(seed: number): () => boolean {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 16) & 1) === 1;
  };
}
