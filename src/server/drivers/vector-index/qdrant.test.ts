import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type QdrantDouble, startQdrantDouble } from '../../../../test/support/qdrant-double.ts';
import { chunkKey } from '../../ports/search-scope.ts';
import type { VectorWriter } from '../../ports/vector-index.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from '../../records/sqlite.ts';
import { describeVectorIndex, type VectorIndexUnderTest } from './conformance.ts';
import { openQdrant, type Qdrant, type QdrantOptions } from './qdrant.ts';
import { createQdrantReader } from './qdrant-reader.ts';
import { restoreSnapshot, takeSnapshot } from './qdrant-snapshots.ts';
import { createQdrantSync, type QdrantSync } from './qdrant-sync.ts';
import { createQdrantWriter } from './row-writer.ts';
import { isSyncDue, SWEEP_EVERY_MS } from './sync-due.ts';

const DIMENSIONS = 8;
const REAL = process.env['QDRANT_URL'];

function openRecords(): { open(): SqliteConnection; remove(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'qdrant-'));
  const path = join(folder, 'ka.sqlite');
  prepareSqlite(path);
  const connections: SqliteConnection[] = [];
  return {
    open() {
      const connection = openSqlite(path);
      connection.raw.pragma('synchronous = OFF');
      connections.push(connection);
      return connection;
    },
    async remove() {
      for (const connection of connections) await connection.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A collection of its own for each test, on a server that others may share. */
async function make(
  url: string,
  apiKey: string | undefined,
  remove: () => Promise<void>,
): Promise<VectorIndexUnderTest> {
  const records = openRecords();
  const prefix = `ka-test-${randomUUID()}`;
  const open = (dimensions: number) => openQdrant({ url, apiKey, prefix, fingerprint: 'test', dimensions });
  const qdrant = open(DIMENSIONS);
  await qdrant.prepare();
  const { db } = records.open();
  const writerOf = (connection: SqliteConnection) => {
    const sync = createQdrantSync({ db: connection.db, qdrant, pollMs: 1_000_000 });
    return {
      writer: createQdrantWriter({ nudge: () => {} }),
      // the caller's transaction, and what follows its commit
      transaction: (async (work) => {
        const result = await connection.db.transaction().execute(work);
        expect(await sync.drain()).toBe(true);
        return result;
      }) as VectorIndexUnderTest['transaction'],
    };
  };
  return {
    ...writerOf(records.open()),
    openSecondWriter: async () => writerOf(records.open()),
    openReader: (dimensions) =>
      createQdrantReader({ db, qdrant: { ...open(dimensions), path: qdrant.path } }),
    async tombstone(collection_no, first_ordinal, ordinal_count) {
      await db
        .insertInto('tombstones')
        .values({ collection_no, first_ordinal, ordinal_count, purged: 0 })
        .execute();
    },
    async close() {
      await qdrant.service.call('DELETE', qdrant.path());
      qdrant.close();
      await records.remove();
      await remove();
    },
  };
}

describeVectorIndex('qdrant, by a stand-in', async () => {
  const double = await startQdrantDouble();
  return make(double.url, undefined, () => double.close());
});
if (REAL !== undefined)
  describeVectorIndex('qdrant', () => make(REAL, process.env['QDRANT_API_KEY'], async () => {}));

let double: QdrantDouble;
let records: ReturnType<typeof openRecords>;
let connection: SqliteConnection;
let sync: QdrantSync;
let writer: VectorWriter;
let qdrant: Qdrant;
const opened: (() => Promise<void>)[] = [];
const open = (options: Partial<QdrantOptions> = {}): Qdrant => {
  const one = openQdrant({
    url: double.url,
    prefix: 'ka',
    fingerprint: 'model',
    dimensions: DIMENSIONS,
    ...options,
  });
  opened.push(async () => one.close());
  return one;
};
const syncOf = (options: {
  db?: SqliteConnection['db'];
  onFault?: (error: unknown) => void;
  pollMs?: number;
}) => {
  const one = createQdrantSync({ db: connection.db, qdrant, pollMs: 1_000_000, ...options });
  opened.unshift(() => one.close());
  return one;
};
beforeEach(async () => {
  double = await startQdrantDouble();
  records = openRecords();
  connection = records.open();
  qdrant = open();
  await qdrant.prepare();
  sync = syncOf({});
  writer = createQdrantWriter({ nudge: () => {} });
});
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
  await double.close();
  await records.remove();
});

const unitVector = (axis: number): Float32Array => {
  const vector = new Float32Array(DIMENSIONS);
  vector[axis % DIMENSIONS] = 1;
  return vector;
};
const put = (no: number, first: number, count: number) =>
  connection.db.transaction().execute((tx) =>
    writer.put(
      tx,
      Array.from({ length: count }, (_, i) => ({
        key: chunkKey(no, first + i),
        vector: unitVector(first + i),
      })),
    ),
  );
const pointsThere = () => double.collections.get(qdrant.collection)?.points ?? new Map();
const notes = () => connection.db.selectFrom('vector_log').selectAll().execute();
const whole = (...numbers: number[]) => ({ collections: numbers.map((no) => ({ no, generation: 1 })) });
const addCollection = async (no: number) => {
  connection.raw
    .prepare(
      "insert or ignore into users (id, email, name, role, password_hash, created_at, updated_at) values ('u', 'u', 'u', 'user', 'x', 't', 't')",
    )
    .run();
  connection.raw
    .prepare(
      "insert into collections (no, id, owner_id, name, created_at, updated_at) values (?, ?, 'u', ?, 't', 't')",
    )
    .run(no, `c${no}`, `c${no}`);
};

test.each([
  ['1.19.0', { memory: 'cold' }, { memory: 'pinned' }],
  ['1.16.3', { on_disk: true }, { always_ram: true }],
])(
  'on %s the codes are in memory, the originals on disk, and graphs are those of tenants',
  async (version, originals, codes) => {
    const server = await startQdrantDouble({ version });
    const one = open({ url: server.url });
    await one.prepare();
    expect(server.collections.get(one.collection)?.config).toEqual({
      params: { vectors: { passage: { size: DIMENSIONS, distance: 'Cosine', ...originals } } },
      hnsw_config: { m: 0, payload_m: 16, ef_construct: 100 },
      quantization_config: { scalar: { type: 'int8', quantile: 0.99, ...codes } },
    });
    expect(server.collections.get(one.collection)?.indexes).toMatchObject({
      c: { data_type: 'keyword', params: { is_tenant: true } },
      o: { data_type: 'integer' },
    });
    expect(server.aliases.get('ka-live')).toBe(one.collection);
    await server.close();
  },
);

test('a server that is too old is refused in a sentence', async () => {
  const server = await startQdrantDouble({ version: '1.9.2' });
  await expect(open({ url: server.url }).prepare()).rejects.toThrow(/1\.9\.2 is too old: 1\.16/);
  await server.close();
});

test('what is there stays as it is; one that was set up by hand gets what it lacks', async () => {
  double.requests.length = 0;
  await qdrant.prepare();
  expect(double.requests.filter((request) => !request.startsWith('GET'))).toEqual([]);
  const found = double.collections.get(qdrant.collection);
  if (found === undefined) throw new Error('no collection');
  found.config.hnsw_config = { m: 16 };
  for (const name of Object.keys(found.indexes)) delete found.indexes[name];
  await qdrant.prepare();
  expect(found.config.hnsw_config).toEqual({ m: 0, payload_m: 16, ef_construct: 100 });
  expect(Object.keys(found.indexes)).toEqual(['c', 'o']);
});

test('a collection that holds other vectors is refused, and left alone', async () => {
  const found = double.collections.get(qdrant.collection);
  if (found === undefined) throw new Error('no collection');
  found.config.params.vectors = { passage: { size: 3, distance: 'Dot' } };
  await expect(qdrant.prepare()).rejects.toMatchObject({
    code: 'INDEX_MISMATCH',
    message: expect.stringContaining('3 dimensions by Dot'),
  });
  expect(double.collections.size).toBe(1);
});

test('another embedder has a collection of its own, and is live once it is made so', async () => {
  const other = open({ fingerprint: 'another model' });
  await other.prepare();
  expect(double.collections.size).toBe(2);
  expect(await other.live()).toBe(qdrant.collection);
  await other.makeLive();
  expect(await other.live()).toBe(other.collection);
});

test('the key is sent, and shown in no error', async () => {
  const locked = await startQdrantDouble({ apiKey: 'hunter2' });
  await open({ url: locked.url, apiKey: 'hunter2' }).prepare();
  const refused = await open({ url: locked.url, apiKey: 'hunter3' }).prepare().catch(String);
  expect(refused).toContain('401');
  expect(refused).not.toContain('hunter');
  await locked.close();
});

test('points go out in batches and their notes are gone; a repeat sends nothing', async () => {
  await put(1, 0, 600);
  expect(await sync.drain()).toBe(true);
  expect(pointsThere().size).toBe(600);
  expect(double.requests.filter((request) => request.endsWith('/points'))).toHaveLength(3);
  expect(await notes()).toEqual([]);
  double.requests.length = 0;
  await sync.drain();
  expect(double.requests).toEqual([]);
});

test('a change is brought over by itself soon after it was nudged', async () => {
  writer = createQdrantWriter({ nudge: () => sync.nudge() });
  await put(1, 0, 3);
  await expect.poll(() => pointsThere().size).toBe(3);
});

test('what a process that died left behind is brought over by the next one', async () => {
  await sync.close();
  await put(1, 0, 3);
  // it held the lease when it died, and that has run out
  connection.raw
    .prepare("insert or replace into settings (name, value) values ('vector-sync', '1000 gone')")
    .run();
  syncOf({ pollMs: 1 });
  await expect.poll(() => pointsThere().size).toBe(3);
});

test('one process at a time brings changes over', async () => {
  await put(1, 0, 3);
  const until = Date.now() + 60_000;
  connection.raw
    .prepare("insert or replace into settings (name, value) values ('vector-sync', ?)")
    .run(`${until} another`);
  expect(await sync.drain()).toBe(false);
  expect(pointsThere().size).toBe(0);
});

test('while Qdrant is away notes stay, it is told of once, and later everything is brought over', async () => {
  await sync.close();
  const faults: unknown[] = [];
  sync = syncOf({ onFault: (error) => faults.push(error), pollMs: 1 });
  double.fail(503, 20);
  await put(1, 0, 3);
  await expect.poll(() => faults.length, { timeout: 30_000 }).toBe(2);
  expect(faults[0]).toMatchObject({ service: 'Qdrant', retryable: true });
  expect(faults[1]).toBeUndefined();
  expect(pointsThere().size).toBe(3);
  expect(await notes()).toEqual([]);
});

test('a short fault is repeated, a refusal is not', async () => {
  await put(1, 0, 1);
  double.fail(503, 2);
  expect(await sync.drain()).toBe(true);
  await put(1, 1, 1);
  double.fail(400, 1);
  double.requests.length = 0;
  await expect(sync.drain()).rejects.toMatchObject({ retryable: false });
  expect(double.requests).toHaveLength(1);
});

test('a document’s vectors are removed there, and not found before they are', async () => {
  await put(1, 0, 20);
  await sync.drain();
  const reader = createQdrantReader({ db: connection.db, qdrant });
  await connection.db.transaction().execute((tx) => writer.removeRange(tx, 1, 0, 10));
  const found = await reader.search(unitVector(0), 20, whole(1));
  expect(found.map(({ key }) => key).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 10 }, (_, i) => chunkKey(1, 10 + i)),
  );
  await sync.drain();
  expect([...pointsThere().keys()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 10 }, (_, i) => chunkKey(1, 10 + i)),
  );
});

test('a filter of very many documents is asked in parts of one request, each within its tenant', async () => {
  await put(1, 0, 4000);
  await put(2, 0, 10);
  await sync.drain();
  const documents = Array.from({ length: 1200 }, (_, i) => ({
    id: `${i}`,
    firstOrdinal: 3 * i,
    chunkCount: 1,
  }));
  const reader = createQdrantReader({ db: connection.db, qdrant });
  double.requests.length = 0;
  const found = await reader.search(unitVector(0), 1000, {
    collections: [
      { no: 1, generation: 1, documents },
      { no: 2, generation: 1 },
    ],
  });
  expect(found.filter(({ key }) => key < chunkKey(2, 0)).every(({ key }) => (key % 2 ** 32) % 3 === 0)).toBe(
    true,
  );
  expect(found).toHaveLength(1000);
  expect(double.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  const { searches } = double.bodies.at(-1) as {
    searches: { filter: { must: { match?: { value: string } }[] } }[];
  };
  expect(searches.map(({ filter }) => filter.must[0]?.match?.value)).toEqual(['1', '1', '1', '2']);
});

test('more excluded ranges than a query takes are still excluded', async () => {
  await put(1, 0, 2000);
  await sync.drain();
  const insert = connection.raw.prepare(
    'insert into tombstones (collection_no, first_ordinal, ordinal_count, purged) values (1, ?, 1, 0)',
  );
  for (let ordinal = 0; ordinal < 2000; ordinal += 2) insert.run(ordinal);
  const reader = createQdrantReader({ db: connection.db, qdrant });
  const found = await reader.search(unitVector(1), 100, whole(1));
  expect(found).toHaveLength(100);
  expect(found.every(({ key }) => key % 2 === 1)).toBe(true);
});

test('a sweep finds what either side lacks, and the next drain mends it', async () => {
  await addCollection(1);
  await addCollection(2);
  await put(1, 0, 6000);
  await put(2, 0, 10);
  await sync.drain();
  expect(await sync.sweep()).toBe(0);
  const points = pointsThere();
  const spare = points.get(chunkKey(2, 0));
  for (const ordinal of [0, 1, 2, 5500]) points.delete(chunkKey(1, ordinal));
  points.set(chunkKey(2, 77), { ...spare, payload: { c: '2', o: 77 } });
  // of a collection that the records don't know any more
  points.set(chunkKey(9, 1), { ...spare, payload: { c: '9', o: 1 } });
  expect(await sync.sweep()).toBe(4);
  expect(await sync.drain()).toBe(true);
  expect(points.size).toBe(6010);
  expect(points.has(chunkKey(1, 5500))).toBe(true);
  expect(points.has(chunkKey(2, 77)) || points.has(chunkKey(9, 1))).toBe(false);
  expect(await sync.sweep()).toBe(0);
});

test('work is due with a note, and an hour after both sides were compared', async () => {
  await addCollection(1);
  const inAnHour = Date.now() + SWEEP_EVERY_MS + 60_000;
  expect(await isSyncDue(connection.db)).toBe(true);
  await sync.sweepIfDue(SWEEP_EVERY_MS);
  expect(await isSyncDue(connection.db)).toBe(false);
  expect(await isSyncDue(connection.db, inAnHour)).toBe(true);
  await put(1, 0, 1);
  expect(await isSyncDue(connection.db)).toBe(true);
  await sync.drain();
  expect(await isSyncDue(connection.db)).toBe(false);
});

test('a comparison that failed is due again after minutes, not after an hour', async () => {
  await addCollection(1);
  await put(1, 0, 1);
  await sync.drain();
  double.fail(400, 1);
  await expect(sync.sweepIfDue(SWEEP_EVERY_MS)).rejects.toThrow();
  expect(await isSyncDue(connection.db)).toBe(false);
  expect(await isSyncDue(connection.db, Date.now() + 6 * 60_000)).toBe(true);
});

test('an empty Qdrant is filled again from the records', async () => {
  await addCollection(1);
  await put(1, 0, 500);
  await sync.drain();
  double.collections.clear();
  double.aliases.clear();
  await qdrant.prepare();
  expect(await sync.sweep()).toBe(1);
  await sync.drain();
  expect(pointsThere().size).toBe(500);
});

test('a snapshot is taken as a stream, leaves nothing behind, and brings everything back', async () => {
  await put(1, 0, 50);
  await sync.drain();
  let kept = Buffer.alloc(0);
  await takeSnapshot(qdrant, async (content) => {
    kept = await buffer(content);
  });
  expect(double.collections.get(qdrant.collection)?.snapshots.size).toBe(0);
  pointsThere().clear();
  const again = new PassThrough();
  again.end(kept);
  await restoreSnapshot(qdrant, again);
  expect(pointsThere().size).toBe(50);
});

test('a probe tells the version and how many points there are', async () => {
  await put(1, 0, 5);
  await sync.drain();
  expect(await qdrant.probe()).toEqual({ version: '1.19.0', points: 5, status: 'green' });
});

test('a Qdrant that can’t be reached is a fault that may be repeated', async () => {
  await double.close();
  const reader = createQdrantReader({ db: connection.db, qdrant });
  await expect(reader.search(unitVector(0), 1, whole(1))).rejects.toMatchObject({
    name: 'UpstreamError',
    retryable: true,
  });
});
