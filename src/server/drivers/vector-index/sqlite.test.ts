import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeVectors } from '../../../../bench/lib/vectors.ts';
import { countStatements } from '../../../../test/support/count-statements.ts';
import { chunkKey } from '../../ports/search-scope.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from '../../records/sqlite.ts';
import { packScope } from '../../threads/packed-scope.ts';
import { describeVectorIndex, type VectorIndexUnderTest } from './conformance.ts';
import { createScanIndex, type ScanIndex, type ScanIndexOptions, type ScanScope } from './scan-index.ts';
import { createSqliteVectorWriter } from './sqlite-writer.ts';

async function make(): Promise<VectorIndexUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'vector-index-'));
  const path = join(folder, 'ka.sqlite');
  prepareSqlite(path);
  const connections: SqliteConnection[] = [];
  const open = () => {
    const connection = openSqlite(path);
    connection.raw.pragma('synchronous = OFF');
    connections.push(connection);
    return {
      writer: createSqliteVectorWriter(connection.raw),
      transaction: ((work) =>
        connection.db.transaction().execute(work)) as VectorIndexUnderTest['transaction'],
    };
  };
  return {
    ...open(),
    openSecondWriter: async () => open(),
    openReader(dimensions) {
      const own = openSqlite(path, { readonly: true });
      const index = createScanIndex({ raw: own.raw, dimensions, memoryLimitBytes: 2 ** 24 });
      return {
        dimensions,
        search: async (vector, k, scope) => index.search(vector, k, packScope(scope)),
        score: async (vector, keys) => index.score(vector, keys),
        stats: async () => index.stats(),
        async close() {
          await index.close();
          await own.close();
        },
      };
    },
    async tombstone(collectionNo, firstOrdinal, ordinalCount) {
      await (connections[0] as SqliteConnection).db
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
      for (const connection of connections) await connection.close();
      rmSync(folder, { recursive: true });
    },
  };
}

describeVectorIndex('sqlite and scan', make);

const DIMENSIONS = 48;
let folder: string;
let writing: SqliteConnection;
let reading: SqliteConnection;
const opened: ScanIndex[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vector-index-'));
  const path = join(folder, 'ka.sqlite');
  prepareSqlite(path);
  writing = openSqlite(path);
  writing.raw.pragma('synchronous = OFF');
  reading = openSqlite(path, { readonly: true });
});
afterEach(async () => {
  for (const index of opened.splice(0)) await index.close();
  await reading.close();
  await writing.close();
  rmSync(folder, { recursive: true });
});

const open = (options: Partial<ScanIndexOptions> = {}): ScanIndex => {
  const index = createScanIndex({
    raw: reading.raw,
    dimensions: DIMENSIONS,
    memoryLimitBytes: 2 ** 26,
    ...options,
  });
  opened.push(index);
  return index;
};
const store = (no: number, vectors: readonly Float32Array[], first = 0) =>
  writing.db.transaction().execute((tx) =>
    createSqliteVectorWriter(writing.raw).put(
      tx,
      vectors.map((vector, i) => ({ key: chunkKey(no, first + i), vector })),
    ),
  );
const whole = (...numbers: number[]): ScanScope => ({
  collections: numbers.map((no) => ({ no, ranges: undefined })),
});
/** Ordinals of the nearest; where there is no vector there is nothing to find. */
const exact = (vectors: readonly (Float32Array | undefined)[], query: Float32Array, k: number): number[] =>
  vectors
    .flatMap((vector, ordinal) =>
      vector === undefined
        ? []
        : [{ ordinal, score: vector.reduce((sum, x, i) => sum + x * (query[i] as number), 0) }],
    )
    .sort((a, b) => b.score - a.score)
    .slice(0, k)
    .map(({ ordinal }) => ordinal);

test('writing outside a transaction is refused', async () => {
  const writer = createSqliteVectorWriter(writing.raw);
  await expect(writer.put(writing.db, [])).rejects.toThrow('inside a transaction');
});

test.each(['relaxed', 'plain'] as const)(
  'the %s kernel finds what brute force over floats finds',
  async (kernel) => {
    const vectors = makeVectors({ count: 5_000, dimensions: DIMENSIONS, seed: 3 });
    const queries = makeVectors({ count: 100, dimensions: DIMENSIONS, seed: 3, stream: 1 });
    await store(1, vectors);
    const index = open({ kernel });
    let agreed = 0;
    for (const query of queries) {
      const wanted = new Set(exact(vectors, query, 10));
      agreed += index
        .search(query, 10, whole(1))
        .filter(({ key }) => wanted.has(key - chunkKey(1, 0))).length;
    }
    expect(agreed / (queries.length * 10)).toBeGreaterThanOrEqual(0.999);
  },
);

test('the first 40 hits and 20 keys have the cosine of their floats, those behind them one by their codes', async () => {
  const vectors = makeVectors({ count: 2_000, dimensions: DIMENSIONS, seed: 7 });
  const [query] = makeVectors({ count: 1, dimensions: DIMENSIONS, seed: 7, stream: 1 }) as [Float32Array];
  await store(1, vectors);
  const index = open();
  index.search(query, 1, whole(1));
  const cosine = (key: number) =>
    (vectors[key - chunkKey(1, 0)] as Float32Array).reduce((sum, x, i) => sum + x * (query[i] as number), 0);
  const ran = countStatements(reading.raw);
  const readOne = () => ran().filter((source) => source === 'select data from vectors where key = ?').length;

  const hits = index.search(query, 100, whole(1));
  expect(readOne()).toBe(40);
  expect(hits).toHaveLength(100);
  for (const { key, score } of hits.slice(0, 30)) expect(score).toBeCloseTo(cosine(key), 5);
  for (const { key, score } of hits) expect(Math.abs(score - cosine(key))).toBeLessThan(0.01);

  const keys = Array.from({ length: 100 }, (_, i) => chunkKey(1, i * 19));
  const scores = index.score(query, [...keys, chunkKey(1, 5_000)]);
  // the last one has no codes: the database is asked once more
  expect(readOne()).toBe(21);
  for (const [i, key] of keys.entries())
    expect(Math.abs((scores[i] as number) - cosine(key))).toBeLessThan(i < 20 ? 1e-5 : 0.01);
  expect(scores[100]).toBeUndefined();
});

test('both kernels find the same with the same scores', async () => {
  await store(1, makeVectors({ count: 3_000, dimensions: DIMENSIONS, seed: 5 }));
  const relaxed = open({ kernel: 'relaxed' });
  const plain = open({ kernel: 'plain' });
  for (const query of makeVectors({ count: 50, dimensions: DIMENSIONS, seed: 5, stream: 1 })) {
    expect(plain.search(query, 20, whole(1))).toEqual(relaxed.search(query, 20, whole(1)));
  }
});

test('the helper finds its share, also in memory that has grown since it started', async () => {
  const vectors = makeVectors({ count: 6_000, dimensions: DIMENSIONS, seed: 7 });
  const queries = makeVectors({ count: 30, dimensions: DIMENSIONS, seed: 7, stream: 1 });
  await store(1, vectors.slice(0, 2_000));
  const alone = open({ helperFromRows: Number.POSITIVE_INFINITY });
  const helped = open({ helperFromRows: 1 });
  const searchBoth = async () => {
    for (const query of queries) {
      expect(helped.search(query, 10, whole(1))).toEqual(alone.search(query, 10, whole(1)));
      // the helper comes up and leaves through this thread's event loop
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await searchBoth();
  while (helped.stats().helpedScans === 0) await searchBoth();
  await store(1, vectors.slice(2_000), 2_000);
  const before = helped.stats().helpedScans;
  await searchBoth();
  expect(helped.stats().helpedScans).toBeGreaterThan(before);
});

test('a helper that has left for idleness is started again', async () => {
  await store(1, makeVectors({ count: 2_000, dimensions: DIMENSIONS, seed: 8 }));
  const [query] = makeVectors({ count: 1, dimensions: DIMENSIONS, seed: 8, stream: 1 });
  const index = open({ helperFromRows: 1, helperIdleMs: 1 });
  for (const scans of [1, 2]) {
    while (index.stats().helpedScans < scans) {
      index.search(query as Float32Array, 10, whole(1));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  expect(index.search(query as Float32Array, 10, whole(1))).toHaveLength(10);
});

test('the collection that was searched longest ago leaves when memory is short, and comes back', async () => {
  const vectors = makeVectors({ count: 300, dimensions: DIMENSIONS, seed: 9 });
  for (const no of [1, 2, 3]) await store(no, vectors.slice((no - 1) * 100, no * 100));
  const [query] = makeVectors({ count: 1, dimensions: DIMENSIONS, seed: 9, stream: 1 });
  const slab = 1024 * (64 + 4);
  const index = open({ memoryLimitBytes: 2 * slab });
  const search = (...numbers: number[]) => index.search(query as Float32Array, 5, whole(...numbers));
  const first = search(1);
  for (const no of [2, 3]) search(no);
  expect(index.stats().loadedBytes).toBe(2 * slab);
  expect(search(1)).toEqual(first);
  expect(index.stats().loadedCollections).toBe(2);
  // a scope is searched whole, whatever the limit
  expect(search(1, 2, 3)).toEqual(
    [...search(1), ...search(2), ...search(3)].sort((a, b) => b.score - a.score).slice(0, 5),
  );
});

test('a limit that falls lets go of collections at once, but of none that a search needs', async () => {
  const vectors = makeVectors({ count: 300, dimensions: DIMENSIONS, seed: 9 });
  for (const no of [1, 2, 3]) await store(no, vectors.slice((no - 1) * 100, no * 100));
  const [query] = makeVectors({ count: 1, dimensions: DIMENSIONS, seed: 9, stream: 1 });
  const slab = 1024 * (64 + 4);
  const index = open({ memoryLimitBytes: 4 * slab });
  for (const no of [1, 2, 3]) index.search(query as Float32Array, 5, whole(no));
  index.limitTo(0.5);
  expect(index.stats()).toMatchObject({ loadedBytes: 2 * slab, loadedCollections: 2 });
  index.limitTo(0);
  expect(index.stats()).toMatchObject({ loadedBytes: slab, loadedCollections: 1 });
  expect(index.search(query as Float32Array, 5, whole(1, 2, 3))).toHaveLength(5);
  index.limitTo(1);
  index.search(query as Float32Array, 5, whole(1));
  expect(index.stats().loadedCollections).toBe(3);
});

test('more dead rows than live ones give their memory back', async () => {
  const vectors = makeVectors({ count: 4_096, dimensions: DIMENSIONS, seed: 11 });
  await store(1, vectors);
  const index = open();
  const query = vectors[4_000] as Float32Array;
  index.search(query, 5, whole(1));
  expect(index.stats().loadedRows).toBe(4_096);
  writing.raw
    .prepare(
      'insert into tombstones (collection_no, first_ordinal, ordinal_count, purged) values (1, 0, 3072, 0)',
    )
    .run();
  // the rows are still in the table: a purge comes later
  index.search(query, 5, whole(1));
  expect(index.search(query, 1, whole(1))[0]?.key).toBe(chunkKey(1, 4_000));
  expect(index.stats().loadedRows).toBe(1_024);
});

test('vectors of another length leave no memory behind', async () => {
  await store(1, makeVectors({ count: 2_000, dimensions: DIMENSIONS, seed: 12 }));
  await store(1, makeVectors({ count: 1, dimensions: DIMENSIONS / 2, seed: 12 }), 2_000);
  const index = open();
  const search = () => index.search(new Float32Array(DIMENSIONS).fill(0.1), 5, whole(1));
  expect(search).toThrow('re-index');
  expect(search).toThrow('re-index');
  expect(index.stats()).toMatchObject({ loadedBytes: 0, loadedCollections: 0 });
});

/** Of 3,000 rows in slabs of 1,024: first ordinal and count, in turn. */
const LAYOUTS: Record<string, number[]> = {
  'single rows': Array.from({ length: 60 }, (_, i) => [i * 50 + 7, 1]).flat(),
  'every other row': Array.from({ length: 1_500 }, (_, i) => [2 * i, 1]).flat(),
  'all but one row of ten': Array.from({ length: 300 }, (_, i) => [10 * i, 9]).flat(),
  'the edges of slabs': [0, 1, 1_020, 4, 1_024, 1, 2_040, 20, 2_999, 1],
  'a slab and more': [1_000, 1_100],
  'pieces of twenty': Array.from({ length: 75 }, (_, i) => [40 * i, 20]).flat(),
};
const kernels = ['relaxed', 'plain'] as const;
const hands = kernels.flatMap((kernel) => [
  { kernel, threads: 'alone', helperFromRows: Number.POSITIVE_INFINITY },
  { kernel, threads: 'with a helper', helperFromRows: 1 },
]);

test.each(hands)(
  'the $kernel kernel $threads finds what brute force finds in filters of any layout, beside tombstones',
  async ({ kernel, helperFromRows }) => {
    const vectors = makeVectors({ count: 3_000, dimensions: DIMENSIONS, seed: 14 });
    const queries = makeVectors({ count: 10, dimensions: DIMENSIONS, seed: 14, stream: 1 });
    await store(1, vectors);
    // a neighbour with the same vectors, and so with hits as near
    await store(2, vectors);
    const index = open({ kernel, helperFromRows });
    const bury = writing.raw.prepare(
      'insert into tombstones (collection_no, first_ordinal, ordinal_count, purged) values (1, ?, ?, 0)',
    );
    const dead = new Set<number>();
    for (const [first, count] of [[], [0, 1], [1_022, 4], [2_047, 2], [500, 300]]) {
      if (first !== undefined && count !== undefined) {
        bury.run(first, count);
        for (let ordinal = first; ordinal < first + count; ordinal++) dead.add(ordinal);
      }
      for (const layout of Object.values(LAYOUTS)) {
        const kept = new Set<number>();
        for (let i = 0; i < layout.length; i += 2)
          for (let n = 0; n < (layout[i + 1] as number); n++) kept.add((layout[i] as number) + n);
        const live = vectors.map((vector, ordinal) =>
          kept.has(ordinal) && !dead.has(ordinal) ? vector : undefined,
        );
        const scope = { collections: [{ no: 1, ranges: Uint32Array.from(layout) }] };
        for (const query of queries) {
          const found = index.search(query, 10, scope).map(({ key }) => key - chunkKey(1, 0));
          expect(found).toEqual(exact(live, query, 10));
        }
        // more than some layouts keep: nothing near enough hides a row that should not be there
        const all = index.search(queries[0] as Float32Array, 400, scope);
        expect(all).toHaveLength(Math.min(400, live.filter((vector) => vector !== undefined).length));
        expect(all.filter(({ key }) => live[key - chunkKey(1, 0)] === undefined)).toEqual([]);
      }
      // the helper comes up through this thread's event loop
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
);

test('a filter over more pieces than the shared memory lists is scanned in several passes', async () => {
  const vectors = makeVectors({ count: 140_000, dimensions: 8, seed: 13 });
  await store(1, vectors);
  const index = open({ dimensions: 8 });
  const ranges = Uint32Array.from({ length: 140_000 }, (_, i) => (i % 2 === 0 ? i : 1));
  const scope = { collections: [{ no: 1, ranges }] };
  for (const ordinal of [0, 139_998]) {
    expect(index.search(vectors[ordinal] as Float32Array, 1, scope)[0]?.key).toBe(chunkKey(1, ordinal));
  }
  const hits = index.search(vectors[139_999] as Float32Array, 50, scope);
  expect(hits.filter(({ key }) => key % 2 === 1)).toEqual([]);
});
