import type BetterSqlite3 from 'better-sqlite3';
import { type ChunkKey, chunkKey, collectionNoOf, ordinalOf } from '../../ports/search-scope.ts';
import type { VectorWriter } from '../../ports/vector-index.ts';

/**
 * Vectors as float32 rows in the records' database, and a log of what was written, from which readers in
 * other threads and processes learn of it.
 *
 * @param raw the connection of the caller's transactions.
 */
export function createSqliteVectorWriter(raw: BetterSqlite3.Database): VectorWriter {
  const insert = raw.prepare(
    'insert into vectors (key, data) values (?, ?) on conflict (key) do update set data = excluded.data',
  );
  const note = raw.prepare(
    'insert into vector_log (collection_no, first_ordinal, ordinal_count) values (?, ?, ?)',
  );
  const removals = ['vectors', 'vectors_next'].map((table) =>
    raw.prepare(`delete from ${table} where key >= ? and key < ?`),
  );
  const removeKeys = (from: ChunkKey, end: ChunkKey) => {
    for (const removal of removals) removal.run(from, end);
  };
  const removeLog = raw.prepare('delete from vector_log where collection_no = ?');
  const needTransaction = () => {
    if (!raw.inTransaction)
      throw new Error('vectors are written inside a transaction of the same connection');
  };

  return {
    async put(_tx, points) {
      needTransaction();
      const keys = points.map(({ key }) => key).sort((a, b) => a - b);
      for (const { key, vector } of points)
        insert.run(key, Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength));
      for (let at = 0; at < keys.length; ) {
        const first = keys[at] as number;
        let count = 1;
        while (keys[at + count] === first + count) count++;
        note.run(collectionNoOf(first), ordinalOf(first), count);
        at += count;
      }
    },
    async removeRange(_tx, collectionNo, firstOrdinal, count) {
      needTransaction();
      const first = chunkKey(collectionNo, firstOrdinal);
      removeKeys(first, first + count);
    },
    async removeCollection(_tx, collectionNo) {
      needTransaction();
      removeKeys(chunkKey(collectionNo, 0), chunkKey(collectionNo + 1, 0));
      removeLog.run(collectionNo);
    },
  };
}
