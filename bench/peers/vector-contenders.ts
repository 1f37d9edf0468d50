import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createSqliteVectorWriter } from '../../src/server/drivers/vector-index/sqlite-writer.ts';
import { chunkKey, ordinalOf } from '../../src/server/ports/search-scope.ts';
import { openSqlite, prepareSqlite } from '../../src/server/records/sqlite.ts';
import { startSearchThread } from '../../src/server/threads/start-search-thread.ts';
import type { Contender } from './contender.ts';
import { importPeer } from './packages.ts';

export interface VectorTask {
  readonly dimensions: number;
  readonly count: number;
  readonly hits: number;
}
type VectorContender = Contender<VectorTask, Float32Array, Float32Array>;

const COLLECTION = 1;
const BATCH = 1000;

export const VECTOR_CONTENDERS: Readonly<Record<string, VectorContender>> = {
  'Knowledge Assistant': {
    note: 'exact, 7-bit codes in memory, floats in SQLite; in a thread of its own',
    async open({ dimensions, hits }, { folder }) {
      const databasePath = join(folder, 'vectors.db');
      prepareSqlite(databasePath);
      const connection = openSqlite(databasePath);
      const writer = createSqliteVectorWriter(connection.raw);
      const search = startSearchThread({
        records: { kind: 'sqlite', path: databasePath },
        dimensions,
        memoryLimitBytes: 2 ** 30,
      });
      const scope = { collections: [{ no: COLLECTION, generation: 1 }] };
      return {
        async add(first, vectors) {
          const points = vectors.map((vector, i) => ({ key: chunkKey(COLLECTION, first + i), vector }));
          await connection.db.transaction().execute((tx) => writer.put(tx, points));
        },
        async find(vector) {
          return (await search.vectors.search(vector, hits, scope)).map(({ key }) => ordinalOf(key));
        },
        async close() {
          await search.close();
          await connection.close();
        },
      };
    },
  },
  usearch: {
    note: 'HNSW in float32, its defaults; in memory alone',
    async open({ dimensions, hits }, { packages }) {
      const usearch = await importPeer(packages, 'usearch');
      const { Index, MetricKind, ScalarKind } = usearch.default ?? usearch;
      const index = new Index(dimensions, MetricKind.IP, ScalarKind.F32);
      return {
        async add(first, vectors) {
          for (const [i, vector] of vectors.entries()) index.add(BigInt(first + i), vector);
        },
        find: async (vector) => Array.from(index.search(vector, hits, 1).keys as BigUint64Array, Number),
        close: async () => {},
      };
    },
  },
  'hnswlib-node': {
    note: 'HNSW in float32, its defaults (M 16, efConstruction 200), ef 64; in memory alone',
    async open({ dimensions, count, hits }, { packages }) {
      const { HierarchicalNSW } = (await importPeer(packages, 'hnswlib-node')).default;
      const index = new HierarchicalNSW('ip', dimensions);
      index.initIndex(count);
      index.setEf(64);
      return {
        async add(first, vectors) {
          for (const [i, vector] of vectors.entries()) index.addPoint(Array.from(vector), first + i);
        },
        find: async (vector) => index.searchKnn(Array.from(vector), hits).neighbors as number[],
        close: async () => {},
      };
    },
  },
  LanceDB: {
    note: 'exact, on disk, no index',
    async open({ hits }, { folder, packages }) {
      const lancedb = await importPeer(packages, '@lancedb/lancedb');
      const database = await lancedb.connect(join(folder, 'lance'));
      // biome-ignore lint/suspicious/noExplicitAny: no types, see importPeer
      let table: any;
      return {
        async add(first, vectors) {
          const rows = vectors.map((vector, i) => ({ id: first + i, vector: Array.from(vector) }));
          if (table === undefined) table = await database.createTable('vectors', rows);
          else await table.add(rows);
        },
        async find(vector) {
          const rows: { id: number }[] = await table
            .vectorSearch(vector)
            .distanceType('dot')
            .select(['id', '_distance'])
            .limit(hits)
            .toArray();
          return rows.map(({ id }) => Number(id));
        },
        close: async () => {},
      };
    },
  },
  'sqlite-vec': {
    note: 'exact in float32, in SQLite',
    async open({ dimensions, hits }, { folder, packages }) {
      const { raw, close } = openSqliteFile(join(folder, 'vec.db'));
      raw.loadExtension(
        createRequire(join(packages, 'package.json'))('sqlite-vec').getLoadablePath() as string,
      );
      raw.exec(`create virtual table v using vec0(embedding float[${dimensions}] distance_metric=cosine)`);
      const insert = raw.prepare('insert into v (rowid, embedding) values (?, ?)');
      const select = raw
        .prepare(`select rowid from v where embedding match ? and k = ${hits} order by distance`)
        .pluck();
      const bytes = (vector: Float32Array) =>
        Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
      return {
        add: async (first, vectors) =>
          raw.transaction(() => {
            for (const [i, vector] of vectors.entries()) insert.run(BigInt(first + i), bytes(vector));
          })(),
        find: async (vector) => select.all(bytes(vector)) as number[],
        close,
      };
    },
  },
};

function openSqliteFile(path: string) {
  prepareSqlite(path);
  const { raw, close } = openSqlite(path);
  return { raw, close };
}

export const VECTOR_BATCH = BATCH;
