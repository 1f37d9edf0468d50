import { randomNumbers } from '../../bench/lib/words.ts';

/** Choices that follow from the seed alone. */
export function seededRandom(seed: number) {
  const next = randomNumbers(seed);
  /** From 0 to one below `end`. */
  const below = (end: number): number => Math.floor(next() * end);
  return { below, pick: <T>(list: readonly T[]): T => list[below(list.length)] as T };
}

export type SeededRandom = ReturnType<typeof seededRandom>;
