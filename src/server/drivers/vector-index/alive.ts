/** A range as the logs hold it. */
export type OrdinalCount = [first: number, count: number];

/**
 * Whether an ordinal lies in none of the ranges; asked in ascending order. Rows of a released range stay in the table
 * until they are purged: they take no memory.
 */
export function alive(released: readonly OrdinalCount[]): (ordinal: number) => boolean {
  const dead = released.toSorted(([a], [b]) => a - b);
  let next = 0;
  return (ordinal) => {
    for (; next < dead.length; next++) {
      const [first, count] = dead[next] as OrdinalCount;
      if (ordinal < first) return true;
      if (ordinal < first + count) return false;
    }
    return true;
  };
}
