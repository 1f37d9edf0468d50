/**
 * What one search may see. `records/scope.ts` makes it from the caller's rights and filters; a driver
 * applies it before ranking and never widens it.
 */
export interface SearchScope {
  readonly collections: readonly ScopeCollection[];
}

export interface ScopeCollection {
  /** Small integer that names the collection inside the indexes (the upper part of a chunk key). */
  readonly no: number;
  /** Counts every change to the collection; part of every cache key. */
  readonly generation: number;
  /**
   * Absent: the whole collection. Present: only these documents' chunks (a filter keeps them),
   * sorted by `firstOrdinal`, never overlapping.
   */
  readonly documents?: readonly ScopeDocument[];
}

export interface ScopeDocument {
  readonly id: string;
  /** A document's chunks take one unbroken range of ordinals within its collection. */
  readonly firstOrdinal: number;
  readonly chunkCount: number;
}

/** A scored chunk: the only thing that an index hands out. */
export interface ChunkScore {
  readonly key: ChunkKey;
  readonly score: number;
}

/**
 * Names one chunk in every index: `collectionNo · 2^32 + ordinal`, a safe integer while
 * `collectionNo` < 2^21. Ordinals are never used twice within a collection.
 */
export type ChunkKey = number;

const ORDINALS = 2 ** 32;

export const chunkKey = (collectionNo: number, ordinal: number): ChunkKey =>
  collectionNo * ORDINALS + ordinal;
export const collectionNoOf = (key: ChunkKey): number => Math.floor(key / ORDINALS);
export const ordinalOf = (key: ChunkKey): number => key % ORDINALS;
