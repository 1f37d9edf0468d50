import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addChunk,
  addCollection,
  addDocument,
  addUser,
  DIALECTS,
  newStore,
  type TestStore,
} from '../../../test/support/stores.ts';
import { chunkKey, type SearchScope } from '../ports/search-scope.ts';
import { chunkId } from './chunk-id.ts';
import { loadChunks } from './hits.ts';

describe.each(DIALECTS)('%s', (dialect) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await newStore(dialect);
    await addUser(store, 'ann');
    await addCollection(store, 'c', 'ann', { no: 1 });
    // each document has two chunks, and a third left over from the revision before
    for (let i = 0; i < 9; i++) {
      const id = `d${i}`;
      await addDocument(store, {
        id,
        collection_id: 'c',
        revision: 2,
        first_ordinal: i * 10,
        chunk_count: 2,
      });
      for (const [ordinal, revision] of [
        [i * 10, 2],
        [i * 10 + 1, 2],
        [i * 10 + 5, 1],
      ] as const)
        await addChunk(store, {
          key: chunkKey(1, ordinal),
          document_id: id,
          revision,
          seq: ordinal,
          text: `text ${ordinal}`,
        });
    }
  });
  afterAll(() => store.close());

  const whole: SearchScope = { collections: [{ no: 1, generation: 1 }] };
  const texts = async (ordinals: number[], scope = whole) =>
    (
      await loadChunks(
        store.db,
        ordinals.map((ordinal) => chunkKey(1, ordinal)),
        scope,
      )
    ).map(({ text }) => text);

  test('chunks come in the order asked for', async () => {
    expect(await texts([80, 1, 40])).toEqual(['text 80', 'text 1', 'text 40']);
  });

  test('a chunk that an older revision left over is not there', async () => {
    expect(await texts([5, 0, 15, 999])).toEqual(['text 0']);
  });

  test('only chunks of the documents in the scope are loaded', async () => {
    const among = (...numbers: number[]): SearchScope => ({
      collections: [
        {
          no: 1,
          generation: 1,
          documents: numbers.map((i) => ({ id: `d${i}`, firstOrdinal: i * 10, chunkCount: 2 })),
        },
      ],
    });
    const all = Array.from({ length: 9 }, (_, i) => [i * 10, i * 10 + 1]).flat();
    expect(await texts(all, among(0, 3, 8))).toEqual([
      ...['text 0', 'text 1', 'text 30', 'text 31', 'text 80', 'text 81'],
    ]);
    expect(await texts(all, among())).toEqual([]);
    expect(await texts(all, { collections: [{ no: 2, generation: 1 }] })).toEqual([]);
  });
});

test('a chunk id sorts by place within its document', () => {
  expect(chunkId('d1', chunkKey(7, 9)) < chunkId('d1', chunkKey(7, 10))).toBe(true);
  expect(chunkId('d1', chunkKey(7, 255))).toBe('d1-000000ff');
});
