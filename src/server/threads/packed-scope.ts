import type { ScopeDocument, SearchScope } from '../ports/search-scope.ts';

/**
 * A scope as it crosses to the search thread: copying 25,000 documents as objects takes longer than the search.
 * The indexes need ranges of ordinals only; those that touch become one.
 */
export interface PackedScope {
  readonly collections: readonly {
    readonly no: number;
    readonly generation: number;
    /** First ordinal and count, in turn; undefined: the whole collection. */
    readonly ranges: Uint32Array | undefined;
  }[];
}

export const packScope = ({ collections }: SearchScope): PackedScope => ({
  collections: collections.map(({ no, generation, documents }) => ({
    no,
    generation,
    ranges: documents && rangesOf(documents),
  })),
});

export const unpackScope = ({ collections }: PackedScope): SearchScope => ({
  collections: collections.map(({ no, generation, ranges }) => {
    if (ranges === undefined) return { no, generation };
    const documents: ScopeDocument[] = [];
    for (let at = 0; at < ranges.length; at += 2)
      documents.push({ id: '', firstOrdinal: ranges[at] as number, chunkCount: ranges[at + 1] as number });
    return { no, generation, documents };
  }),
});

function rangesOf(documents: readonly ScopeDocument[]): Uint32Array {
  const ranges = new Uint32Array(2 * documents.length);
  let end = 0;
  for (const { firstOrdinal, chunkCount } of documents) {
    const touches = end > 0 && (ranges[end - 2] as number) + (ranges[end - 1] as number) === firstOrdinal;
    if (touches) ranges[end - 1] = (ranges[end - 1] as number) + chunkCount;
    else {
      ranges[end] = firstOrdinal;
      ranges[end + 1] = chunkCount;
      end += 2;
    }
  }
  return ranges.slice(0, end);
}
