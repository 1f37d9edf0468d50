/** Ordinals from `first` up to but without `end`. */
export interface OrdinalRange {
  readonly first: number;
  readonly end: number;
}

/** The same ordinals in as few ranges as possible, ascending and disjoint; empty ones are left out. */
export function mergeRanges(ranges: readonly OrdinalRange[]): OrdinalRange[] {
  const merged: OrdinalRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    if (range.end <= range.first) continue;
    const last = merged.at(-1);
    if (last === undefined || range.first > last.end) merged.push(range);
    else if (range.end > last.end) merged[merged.length - 1] = { first: last.first, end: range.end };
  }
  return merged;
}
