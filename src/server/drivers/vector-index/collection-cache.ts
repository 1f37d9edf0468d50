import type BetterSqlite3 from 'better-sqlite3';
import { alive, type OrdinalCount } from './alive.ts';
import type { LoadedCollection } from './loaded-collection.ts';
import type { LoadedCollections } from './loaded-collections.ts';
import type { StoredVectors } from './stored-vectors.ts';

/** The loaded collections kept in step with SQLite. */
export interface CollectionCache {
  /** Begins a search, within its read transaction. */
  begin(scope: Iterable<number>): void;
  /** The collection as of the open read transaction. @throws AppError INDEX_MISMATCH */
  current(no: number): LoadedCollection;
}

export function createCollectionCache(options: {
  readonly raw: BetterSqlite3.Database;
  readonly vectors: StoredVectors;
  readonly loaded: LoadedCollections;
}): CollectionCache {
  const { raw, vectors, loaded } = options;
  const newest = { vectorLog: 0, tombstones: 0 };

  const range = 'select first_ordinal, ordinal_count from';
  const selectLog = raw
    .prepare<[number, number], OrdinalCount>(
      `${range} vector_log where collection_no = ? and id > ? order by id`,
    )
    .raw();
  const selectTombstones = raw
    .prepare<[number, number], OrdinalCount>(`${range} tombstones where collection_no = ? and id > ?`)
    .raw();
  const selectUnpurged = raw
    .prepare<[number], OrdinalCount>(`${range} tombstones where collection_no = ? and purged = 0`)
    .raw();
  const lastLog = raw.prepare<[], number | null>('select max(id) from vector_log').pluck();
  const lastTombstone = raw.prepare<[], number | null>('select max(id) from tombstones').pluck();

  function load(no: number): LoadedCollection {
    const collection = loaded.empty(no);
    try {
      vectors.visitRange(no, 0, 2 ** 32, collection.put, alive(selectTombstones.all(no, 0)));
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

  return {
    begin(scope) {
      loaded.begin(scope);
      newest.vectorLog = lastLog.get() ?? 0;
      newest.tombstones = lastTombstone.get() ?? 0;
    },
    current(no) {
      let collection = loaded.get(no);
      if (collection === undefined) collection = load(no);
      else catchUp(collection);
      loaded.keep(collection);
      return collection;
    },
  };
}
