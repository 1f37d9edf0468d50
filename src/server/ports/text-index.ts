import type { ChunkScore, SearchScope } from './search-scope.ts';
import type { Transaction } from './transaction.ts';

/**
 * One word of a question. A text in an unknown language stems in several ways, so a query term is the
 * set of its index forms; they count as one term (their postings are merged, document frequency once).
 */
export interface QueryTerm {
  readonly forms: readonly string[];
}

/** Reading side: BM25 within the scope, with the scope's own document frequencies. */
export interface TextReader {
  /** The `k` best chunks within `scope`, best first; `score` is BM25 (k1 1.2, b 0.7), always > 0. */
  search(
    terms: readonly QueryTerm[],
    k: number,
    scope: SearchScope,
    signal?: AbortSignal,
  ): Promise<ChunkScore[]>;
  close(): Promise<void>;
}

/** One chunk as the index takes it: analysed by the caller (`text/analyse.ts`). */
export interface TextEntry {
  readonly ordinal: number;
  /** Term → occurrences in the chunk. */
  readonly terms: ReadonlyMap<string, number>;
  /** Number of all term occurrences. */
  readonly length: number;
}

export interface TextWriter {
  /** Adds chunks whose ordinals are not in the index yet, ascending. */
  add(tx: Transaction, collectionNo: number, entries: readonly TextEntry[]): Promise<void>;
  /**
   * Removes a range of ordinals.
   * @param terms the terms that these chunks may hold (their text analysed again); absent: the blocks are swept.
   */
  removeRange(
    tx: Transaction,
    collectionNo: number,
    firstOrdinal: number,
    count: number,
    terms?: ReadonlySet<string>,
  ): Promise<void>;
  removeCollection(tx: Transaction, collectionNo: number): Promise<void>;
}
