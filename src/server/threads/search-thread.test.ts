import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeVectorIndex, type VectorIndexUnderTest } from '../drivers/vector-index/conformance.ts';
import { createSqliteVectorWriter } from '../drivers/vector-index/sqlite-writer.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from '../records/sqlite.ts';
import { startSearchThread } from './start-search-thread.ts';

/** The same index as the process uses it: written here, read in a thread with a connection of its own. */
async function make(): Promise<VectorIndexUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'search-thread-'));
  const databasePath = join(folder, 'ka.sqlite');
  prepareSqlite(databasePath);
  const connections: SqliteConnection[] = [];
  const open = () => {
    const connection = openSqlite(databasePath);
    connection.raw.pragma('synchronous = OFF');
    connections.push(connection);
    return {
      connection,
      writer: createSqliteVectorWriter(connection.raw),
      transaction: ((work) =>
        connection.db.transaction().execute(work)) as VectorIndexUnderTest['transaction'],
    };
  };
  const { connection, ...first } = open();
  return {
    ...first,
    openSecondWriter: async () => open(),
    openReader(dimensions) {
      const thread = startSearchThread({
        records: { kind: 'sqlite', path: databasePath },
        dimensions,
        memoryLimitBytes: 2 ** 24,
      });
      return { ...thread.vectors, close: () => thread.close() };
    },
    async tombstone(collectionNo, firstOrdinal, ordinalCount) {
      await connection.db
        .insertInto('tombstones')
        .values({
          collection_no: collectionNo,
          first_ordinal: firstOrdinal,
          ordinal_count: ordinalCount,
          purged: 0,
        })
        .execute();
    },
    async close() {
      for (const { close } of connections) await close();
      rmSync(folder, { recursive: true });
    },
  };
}

describeVectorIndex('search thread', make);
