import type BetterSqlite3 from 'better-sqlite3';
import { type ChunkKey, chunkKey } from '../../ports/search-scope.ts';
import { dot, readVector } from './vector-rows.ts';

/** The float vectors as the database holds them. */
export interface StoredVectors {
  /**
   * Calls `visit` with those of `count` ordinals from `first` on, in their order, that `wants` them: of what it
   * does not want, not even the length is looked at.
   * @throws AppError INDEX_MISMATCH when one was made by another embedder.
   */
  visitRange(
    collectionNo: number,
    first: number,
    count: number,
    visit: (ordinal: number, vector: Float32Array) => void,
    wants?: (ordinal: number) => boolean,
  ): void;
  /** Undefined where none is stored. @throws AppError INDEX_MISMATCH */
  cosine(vector: Float32Array, key: ChunkKey): number | undefined;
}

export function createStoredVectors(raw: BetterSqlite3.Database, dimensions: number): StoredVectors {
  const selectRange = raw
    .prepare<[number, number], [number, Buffer]>(
      'select key, data from vectors where key >= ? and key < ? order by key',
    )
    .raw();
  const selectOne = raw.prepare<[number], Buffer>('select data from vectors where key = ?').pluck();

  const read = (data: Buffer) => readVector(data, dimensions);

  return {
    visitRange(collectionNo, first, count, visit, wants = () => true) {
      const base = chunkKey(collectionNo, 0);
      const from = base + first;
      for (const [key, data] of selectRange.iterate(from, from + count))
        if (wants(key - base)) visit(key - base, read(data));
    },
    cosine(vector, key) {
      const data = selectOne.get(key);
      return data === undefined ? undefined : dot(vector, read(data));
    },
  };
}
