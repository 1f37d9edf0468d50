import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addChunk,
  addCollection,
  addRevision,
  addUser,
  DIALECTS,
  newStore,
  type TestStore,
} from '../../../test/support/stores.ts';
import { isVectorSpace } from '../ports/vector-space.ts';
import {
  beginNextSpace,
  chunksWithoutNext,
  clearNextVectors,
  countWithoutNext,
  keepVectorSpace,
  needVectorSpace,
  nextVectorsByTextHash,
  putNextVectors,
  readVectorSpace,
  switchVectorSpace,
} from './vector-space.ts';

const BUNDLED = 'bundled/minilm-l6-v2/pc7-1/384/mean/l2';
const OTHER = 'openai/text-embedding-3-small/1536';

describe.each(DIALECTS)('%s', (dialect) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await newStore(dialect);
    await addUser(store, 'ann');
    await addCollection(store, 'notes', 'ann');
  });
  afterEach(() => store.close());

  /** Passages with these keys, of one document. */
  async function addPassages(...keys: number[]): Promise<void> {
    await addRevision(store, { document_id: 'd', revision: 1 });
    for (const [seq, key] of keys.entries()) {
      const text_hash = `hash of ${key % 2}`;
      await addChunk(store, { key, document_id: 'd', revision: 1, seq, text: 'text', text_hash });
    }
  }
  const put = (fingerprint: string, ...keys: number[]) =>
    store.db.transaction().execute((tx) =>
      putNextVectors(
        tx,
        fingerprint,
        keys.map((key) => ({ key, vector: Float32Array.of(key, 1) })),
      ),
    );
  const keysOf = async (table: 'vectors' | 'vectors_next') =>
    (await store.db.selectFrom(table).select('key').orderBy('key').execute()).map(({ key }) => Number(key));

  test('an installation that holds nothing takes the model of the settings, whichever they name', async () => {
    expect(await keepVectorSpace(store.db, OTHER)).toBe(OTHER);
    expect(await keepVectorSpace(store.db, BUNDLED)).toBe(BUNDLED);
  });

  test('one that holds passages keeps the model that made their vectors; an older one has the bundled', async () => {
    await addPassages(1);
    expect(await keepVectorSpace(store.db, OTHER)).toBe(BUNDLED);
    expect(await keepVectorSpace(store.db, 'third/model/3')).toBe(BUNDLED);
  });

  test('a change of models takes the vectors that were made beside, and shows in every cache key', async () => {
    await addPassages(1, 2, 3);
    await keepVectorSpace(store.db, OTHER);
    await store.db
      .insertInto('vectors')
      .values([1, 2, 3].map((key) => ({ key, data: Buffer.from(Float32Array.of(0).buffer) })))
      .execute();
    await beginNextSpace(store.db, OTHER);
    await put(OTHER, 1, 2);
    expect(await switchVectorSpace(store.db, OTHER)).toBe(false);
    expect(await readVectorSpace(store.db)).toBe(BUNDLED);
    expect(await countWithoutNext(store.db)).toEqual({ passages: 1, texts: 1 });
    await put(OTHER, 3);
    const generation = async () =>
      (await store.db.selectFrom('collections').select('generation').executeTakeFirstOrThrow()).generation;
    const before = await generation();
    expect(await switchVectorSpace(store.db, OTHER)).toBe(true);
    expect([await readVectorSpace(store.db), await generation()]).toEqual([OTHER, before + 1]);
    const [first] = await store.db.selectFrom('vectors').selectAll().orderBy('key').execute();
    // two numbers, where the model before made one
    expect(first?.data.byteLength).toBe(8);
    expect(await keysOf('vectors_next')).toEqual([1, 2, 3]);
    await clearNextVectors(store.db);
    expect([await keysOf('vectors'), await keysOf('vectors_next')]).toEqual([[1, 2, 3], []]);
  });

  test('work that was interrupted goes on, and what it made for another model is thrown away', async () => {
    await addPassages(1, 2, 3);
    await beginNextSpace(store.db, OTHER);
    await put(OTHER, 1);
    await beginNextSpace(store.db, OTHER);
    expect((await chunksWithoutNext(store.db, -1)).map(({ key }) => Number(key))).toEqual([2, 3]);
    expect([...(await nextVectorsByTextHash(store.db, ['hash of 1', 'hash of 0'])).keys()]).toEqual([
      'hash of 1',
    ]);
    await beginNextSpace(store.db, 'third/model/3');
    expect(await keysOf('vectors_next')).toEqual([]);
    await expect(put(OTHER, 2)).rejects.toMatchObject({ retryable: true });
  });

  test('a passage that was removed meanwhile gets no vector', async () => {
    await addPassages(1, 2);
    await beginNextSpace(store.db, OTHER);
    await store.db.deleteFrom('chunks').where('key', '=', 2).execute();
    await put(OTHER, 1, 2);
    expect(await keysOf('vectors_next')).toEqual([1]);
  });

  test('passages of a revision that was let go of need no vector', async () => {
    await addPassages(1);
    await store.db.updateTable('revisions').set({ dropped: 1 }).execute();
    expect(await chunksWithoutNext(store.db, -1)).toEqual([]);
  });

  test('whoever reads or writes vectors can see whose they are, in a statement of its own or within one', async () => {
    await addPassages(1);
    const holds = async (fingerprint: string) =>
      (
        await sql<{ holds: number | boolean }>`select ${isVectorSpace(fingerprint)} as holds`.execute(
          store.db,
        )
      ).rows.map(({ holds }) => Boolean(holds));
    expect(await holds(OTHER)).toEqual([true]);
    await keepVectorSpace(store.db, OTHER);
    expect([await holds(BUNDLED), await holds(OTHER)]).toEqual([[true], [false]]);
    await needVectorSpace(store.db, BUNDLED);
    await expect(needVectorSpace(store.db, OTHER)).rejects.toMatchObject({ retryable: true });
  });

  test('vectors of the earlier model are removed a few at a time, however many there are', async () => {
    await store.db
      .insertInto('vectors_next')
      .values(Array.from({ length: 500 }, (_, i) => ({ key: i, data: Buffer.alloc(4) })))
      .execute();
    await clearNextVectors(store.db, 100);
    expect(await keysOf('vectors_next')).toEqual([]);
  });
});
