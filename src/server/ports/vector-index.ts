import type { ChunkKey, ChunkScore, SearchScope } from './search-scope.ts';
import type { Transaction } from './transaction.ts';

/** Reading side: nearest passages by cosine similarity. */
export interface VectorReader {
  readonly dimensions: number;
  /**
   * The `k` chunks nearest to `vector` within `scope`, best first.
   *
   * @param vector L2-normalized, length = `dimensions`.
   * @returns at most `k` hits; `score` is the cosine similarity in [-1, 1], computed in float32. Behind the 40th hit
   * a driver may estimate it to within 0.01.
   * @throws AppError INDEX_MISMATCH when the stored vectors were made by another embedder.
   */
  search(vector: Float32Array, k: number, scope: SearchScope, signal?: AbortSignal): Promise<ChunkScore[]>;
  /**
   * Cosine of `vector` with each key's stored vector, in the order given, which is that of their importance: behind the
   * 20th a driver may estimate it to within 0.01. `undefined` where none is stored (yet).
   */
  score(vector: Float32Array, keys: readonly ChunkKey[]): Promise<(number | undefined)[]>;
  stats(): Promise<VectorStats>;
  close(): Promise<void>;
}

export interface VectorStats {
  /** Collections, rows and bytes of codes that are in memory now (the disk copy is not counted). */
  readonly loadedCollections: number;
  readonly loadedRows: number;
  readonly loadedBytes: number;
}

/** Writing side. All calls belong to the caller's transaction where the driver shares the records' database. */
export interface VectorWriter {
  /** Stores or overwrites; a repeat with the same key leaves one vector. */
  put(tx: Transaction, points: readonly { key: ChunkKey; vector: Float32Array }[]): Promise<void>;
  /** Removes every vector of one range of ordinals. */
  removeRange(tx: Transaction, collectionNo: number, firstOrdinal: number, count: number): Promise<void>;
  removeCollection(tx: Transaction, collectionNo: number): Promise<void>;
}
