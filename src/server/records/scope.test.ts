import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addCollection,
  addMember,
  addUser,
  DIALECTS,
  newStore,
  addDocument as putDocument,
  type TestStore,
} from '../../../test/support/stores.ts';
import type { Filters } from '../../contract/search.ts';
import { languagesIn, resolveScope } from './scope.ts';

describe.each(DIALECTS)('%s', (dialect) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await newStore(dialect);
    for (const user of ['ann', 'bob', 'eve']) await addUser(store, user);
    // cid has no collection at all
    for (const [no, id, owner] of [
      [1, 'recipes', 'ann'],
      [2, 'letters', 'ann'],
      [3, 'plans', 'bob'],
      [4, 'secrets', 'eve'],
    ] as const)
      await addCollection(store, id, owner, { no, generation: 7 });
    await addMember(store, 'plans', 'ann', 'viewer');
    await addDocument('soup', 'recipes', 0, {
      mimeType: 'text/markdown',
      day: '2026-01-10',
      tags: ['winter', 'quick'],
    });
    await addDocument('cake', 'recipes', 5, {
      mimeType: 'application/pdf',
      day: '2026-02-10',
      tags: ['quick'],
    });
    await addDocument('queued', 'recipes', 0, { chunkCount: 0, day: '2026-02-11', tags: ['quick'] });
    await addDocument('aunt', 'letters', 0, {
      mimeType: 'application/pdf',
      day: '2026-03-10',
      language: 'de',
    });
    await addDocument('bridge', 'plans', 0, { day: '2026-04-10', tags: ['winter'] });
    await addDocument('diary', 'secrets', 0, {
      day: '2026-04-10',
      tags: ['winter', 'quick'],
      language: 'ru',
    });
  });
  afterEach(() => store.close());

  function addDocument(
    id: string,
    collectionId: string,
    firstOrdinal: number,
    {
      mimeType = 'text/plain',
      day,
      tags = [],
      chunkCount = 5,
      language = 'en',
    }: { mimeType?: string; day: string; tags?: string[]; chunkCount?: number; language?: string },
  ) {
    return putDocument(store, {
      id,
      collection_id: collectionId,
      owner_id: 'ann',
      mime_type: mimeType,
      tags: JSON.stringify(tags),
      language,
      first_ordinal: firstOrdinal,
      chunk_count: chunkCount,
      created_at: `${day}T12:00:00.000Z`,
    });
  }

  /** Collection number → documents, or `all`. */
  async function seen(userId: string, filters?: Filters) {
    const { collections } = await resolveScope(store.db, userId, filters);
    return Object.fromEntries(
      collections.map(({ no, documents }) => [no, documents?.map(({ id }) => id) ?? 'all']),
    );
  }

  test('without filters a user sees what they own and what is shared with them', async () => {
    expect(await seen('ann')).toEqual({ 1: 'all', 2: 'all', 3: 'all' });
    expect(await seen('bob')).toEqual({ 3: 'all' });
    expect(await seen('cid')).toEqual({});
  });

  test('a scope carries the generation, so that kept results end with a change', async () => {
    const { collections } = await resolveScope(store.db, 'bob');
    expect(collections).toEqual([{ no: 3, generation: 7 }]);
  });

  describe('filters', () => {
    test.each<[string, Filters, Record<number, string[] | 'all'>]>([
      ['collections', { collectionIds: ['letters', 'plans'] }, { 2: 'all', 3: 'all' }],
      ['documents', { documentIds: ['cake', 'bridge'] }, { 1: ['cake'], 3: ['bridge'] }],
      ['any of the tags', { tags: ['winter', 'quick'] }, { 1: ['soup', 'cake'], 3: ['bridge'] }],
      ['types', { mimeTypes: ['application/pdf'] }, { 1: ['cake'], 2: ['aunt'] }],
      ['a first day', { createdAfter: '2026-03-01T00:00:00Z' }, { 2: ['aunt'], 3: ['bridge'] }],
      ['a last day, whatever its time zone', { createdBefore: '2026-01-10T14:00:00+01:00' }, { 1: ['soup'] }],
      [
        'all at once',
        { tags: ['quick'], mimeTypes: ['application/pdf'], collectionIds: ['recipes'] },
        { 1: ['cake'] },
      ],
      ['what nothing has', { tags: ['summer'] }, {}],
    ])('by %s', async (_, filters, expected) => {
      expect(await seen('ann', filters)).toEqual(expected);
    });

    test.each<[string, string, Filters]>([
      ['a foreign collection', 'ann', { collectionIds: ['recipes', 'secrets'] }],
      ['a collection that is not there', 'ann', { collectionIds: ['nowhere'] }],
      ['a foreign document', 'ann', { documentIds: ['soup', 'diary'] }],
      ['a document that is not there', 'ann', { documentIds: ['nothing'] }],
      [
        'a document of another collection than the named',
        'ann',
        { collectionIds: ['letters'], documentIds: ['soup'] },
      ],
      ['a document, by somebody who may see none', 'cid', { documentIds: ['soup'] }],
    ])('%s is NOT_FOUND', async (_, userId, filters) => {
      await expect(resolveScope(store.db, userId, filters)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  test('the languages of a scope are those of its documents that have passages', async () => {
    expect(await languagesIn(store.db, [1, 2])).toEqual(['de', 'en']);
    expect(await languagesIn(store.db, [])).toEqual([]);
  });
});
