import { expect, test } from 'vitest';
import { newPostgresDatabase } from '../../../../test/support/stores.ts';
import { chunkKey } from '../../ports/search-scope.ts';
import { openPostgres, type PostgresConnection } from '../../records/postgres.ts';
import { packScope } from '../../threads/packed-scope.ts';
import { describeVectorIndex, type VectorIndexUnderTest } from './conformance.ts';
import { createPostgresScanIndex } from './postgres-scan-index.ts';
import { createPostgresVectorWriter } from './row-writer.ts';

async function make(): Promise<VectorIndexUnderTest & { readonly url: string }> {
  const url = await newPostgresDatabase();
  const connections: PostgresConnection[] = [];
  const open = () => {
    const connection = openPostgres(url, { poolSize: 3 });
    connections.push(connection);
    return connection;
  };
  const writerOf = ({ db }: PostgresConnection) => ({
    writer: createPostgresVectorWriter(),
    transaction: ((work) => db.transaction().execute(work)) as VectorIndexUnderTest['transaction'],
  });
  const first = open();
  return {
    url,
    ...writerOf(first),
    openSecondWriter: async () => writerOf(open()),
    openReader(dimensions) {
      const index = createPostgresScanIndex({ db: open().db, dimensions, memoryLimitBytes: 2 ** 24 });
      return {
        dimensions,
        search: (vector, k, scope, signal) => index.search(vector, k, packScope(scope), signal),
        score: (vector, keys) => index.score(vector, keys),
        stats: async () => index.stats(),
        close: () => index.close(),
      };
    },
    async tombstone(collectionNo, firstOrdinal, ordinalCount) {
      await first.db
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
    },
  };
}

describeVectorIndex('postgres and scan', make);

const DIMENSIONS = 8;
const unit = (axis: number) => Float32Array.from({ length: DIMENSIONS }, (_, i) => (i === axis ? 1 : 0));
const scope = { collections: [{ no: 1, generation: 1 }] };
const put = (by: Pick<VectorIndexUnderTest, 'writer' | 'transaction'>, ordinal: number, axis: number) =>
  by.transaction((tx) => by.writer.put(tx, [{ key: chunkKey(1, ordinal), vector: unit(axis) }]));

test('what a slower writer commits after a quicker one is found too', async () => {
  const index = await make();
  const second = await index.openSecondWriter();
  const reader = index.openReader(DIMENSIONS);
  try {
    await put(index, 0, 0);
    expect(await reader.search(unit(0), 5, scope)).toHaveLength(1);
    const mayCommit = Promise.withResolvers<void>();
    const wrote = Promise.withResolvers<void>();
    const slow = index.transaction(async (tx) => {
      await index.writer.put(tx, [{ key: chunkKey(1, 1), vector: unit(1) }]);
      wrote.resolve();
      await mayCommit.promise;
    });
    await wrote.promise;
    const quick = put(second, 2, 2);
    await reader.search(unit(0), 5, scope);
    mayCommit.resolve();
    await Promise.all([slow, quick]);
    const found = await reader.search(unit(0), 5, scope);
    expect(found.map(({ key }) => key).sort()).toEqual([0, 1, 2].map((ordinal) => chunkKey(1, ordinal)));
  } finally {
    await reader.close();
    await index.close();
  }
});

test('rows that were purged while nobody looked are not found, and the others are', async () => {
  const index = await make();
  const reader = index.openReader(DIMENSIONS);
  try {
    for (const ordinal of [0, 1, 2]) await put(index, ordinal, ordinal);
    expect(await reader.search(unit(0), 5, scope)).toHaveLength(3);
    await index.transaction((tx) => tx.deleteFrom('vectors').where('key', '=', chunkKey(1, 1)).execute());
    const found = await reader.search(unit(1), 5, scope);
    expect(found.map(({ key }) => key).sort()).toEqual([chunkKey(1, 0), chunkKey(1, 2)]);
  } finally {
    await reader.close();
    await index.close();
  }
});
