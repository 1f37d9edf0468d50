import type BetterSqlite3 from 'better-sqlite3';
import { createLoadedCollection, type LoadedCollection } from './loaded-collection.ts';
import type { SlabMemory } from './slab-memory.ts';
import type { StoredVectors } from './stored-vectors.ts';

/** The collections whose codes are in memory, kept in step with the database. */
export interface CollectionCache {
  /**
   * Begins a search, within its read transaction. The collections of its scope stay until the next one begins,
   * even above the limit: a scope must be searched whole.
   */
  begin(scope: Iterable<number>): void;
  /** The collection as of the open read transaction. @throws AppError INDEX_MISMATCH */
  current(no: number): LoadedCollection;
  /** The collection as it was last searched, if it is in memory. */
  loaded(no: number): LoadedCollection | undefined;
  /** It is read anew at its next use. */
  drop(no: number): void;
  /** From now on at most this share (0 to 1) of the limit is used, but for what a running search needs. */
  limitTo(share: number): void;
  stats(): { loadedCollections: number; loadedRows: number; loadedBytes: number };
}

export interface CollectionCacheOptions {
  readonly raw: BetterSqlite3.Database;
  readonly vectors: StoredVectors;
  readonly slabs: SlabMemory;
  /** Bytes of a row of codes. */
  readonly stride: number;
  /** Codes beyond this are dropped, the collection that was searched longest ago first. */
  readonly memoryLimitBytes: number;
}

/** A row of either log. */
type Range = [first: number, count: number];

/** A collection with more dead rows than this is loaded anew. */
const MOST_WASTE = 0.5;

export function createCollectionCache(options: CollectionCacheOptions): CollectionCache {
  const { raw, vectors, slabs, stride } = options;
  let { memoryLimitBytes } = options;
  /** In order of use: the first was searched longest ago. */
  const loaded = new Map<number, LoadedCollection>();
  const inUse = new Set<number>();
  const newest = { vectorLog: 0, tombstones: 0 };

  const range = 'select first_ordinal, ordinal_count from';
  const selectLog = raw
    .prepare<[number, number], Range>(`${range} vector_log where collection_no = ? and id > ? order by id`)
    .raw();
  const selectTombstones = raw
    .prepare<[number, number], Range>(`${range} tombstones where collection_no = ? and id > ?`)
    .raw();
  const selectUnpurged = raw
    .prepare<[number], Range>(`${range} tombstones where collection_no = ? and purged = 0`)
    .raw();
  const lastLog = raw.prepare<[], number | null>('select max(id) from vector_log').pluck();
  const lastTombstone = raw.prepare<[], number | null>('select max(id) from tombstones').pluck();

  function load(no: number): LoadedCollection {
    const collection = createLoadedCollection(no, { ...slabs, take: () => takeSlab(no) }, stride);
    const dead = selectTombstones.all(no, 0).sort(([a], [b]) => a - b);
    let next = 0;
    // rows of a released range stay in the table until they are purged: they take no memory here
    const isLive = (ordinal: number) => {
      for (; next < dead.length; next++) {
        const [first, count] = dead[next] as Range;
        if (ordinal < first) return true;
        if (ordinal < first + count) return false;
      }
      return true;
    };
    try {
      vectors.visitRange(no, 0, 2 ** 32, collection.put, isLive);
    } catch (error) {
      collection.free();
      throw error;
    }
    collection.seen.vectorLog = newest.vectorLog;
    collection.seen.tombstones = newest.tombstones;
    return collection;
  }

  function catchUp(collection: LoadedCollection): void {
    const { no, seen } = collection;
    if (seen.tombstones !== newest.tombstones) {
      for (const range of selectTombstones.all(no, seen.tombstones)) collection.kill(...range);
      seen.tombstones = newest.tombstones;
    }
    if (seen.vectorLog !== newest.vectorLog) {
      // a range may hold vectors that a later log entry names again: the last state is read either way
      for (const range of selectLog.all(no, seen.vectorLog)) vectors.visitRange(no, ...range, collection.put);
      seen.vectorLog = newest.vectorLog;
      // a vector may have come after its range was released, but not after the range was purged
      for (const range of selectUnpurged.all(no)) collection.kill(...range);
    }
  }

  function drop(no: number): void {
    loaded.get(no)?.free();
    loaded.delete(no);
  }

  function takeSlab(forNo: number): number {
    for (const no of [...loaded.keys()]) {
      if (slabs.usedBytes() + slabs.slabBytes <= memoryLimitBytes) break;
      if (no === forNo || inUse.has(no)) continue;
      drop(no);
    }
    return slabs.take();
  }

  return {
    begin(scope) {
      inUse.clear();
      for (const no of scope) inUse.add(no);
      newest.vectorLog = lastLog.get() ?? 0;
      newest.tombstones = lastTombstone.get() ?? 0;
    },
    current(no) {
      let collection = loaded.get(no);
      if (collection !== undefined && collection.waste() > MOST_WASTE) {
        drop(no);
        collection = undefined;
      }
      if (collection === undefined) collection = load(no);
      else catchUp(collection);
      loaded.delete(no);
      loaded.set(no, collection);
      return collection;
    },
    loaded: (no) => loaded.get(no),
    drop,
    limitTo(share) {
      memoryLimitBytes = Math.floor(options.memoryLimitBytes * share);
      for (const no of [...loaded.keys()]) {
        if (slabs.usedBytes() <= memoryLimitBytes) break;
        if (!inUse.has(no)) drop(no);
      }
    },
    stats: () => ({
      loadedCollections: loaded.size,
      loadedRows: [...loaded.values()].reduce((sum, collection) => sum + collection.rows(), 0),
      loadedBytes: slabs.usedBytes(),
    }),
  };
}
