import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Filters } from '../../contract/search.ts';
import { languagesIn, resolveScope } from './scope.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from './sqlite.ts';

let folder: string;
let store: SqliteConnection;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ka-scope-'));
  prepareSqlite(join(folder, 'knowledge.db'));
  store = openSqlite(join(folder, 'knowledge.db'));
  for (const user of ['ann', 'bob', 'eve']) {
    store.raw
      .prepare(`insert into users values (?, ?, '', 'user', '', 0, null, null, '', '', null)`)
      .run(user, `${user}@x.test`);
  }
  // cid has no collection at all
  for (const [no, id, owner] of [
    [1, 'recipes', 'ann'],
    [2, 'letters', 'ann'],
    [3, 'plans', 'bob'],
    [4, 'secrets', 'eve'],
  ]) {
    store.raw
      .prepare(
        `insert into collections (no, id, owner_id, name, generation, created_at, updated_at) values (?, ?, ?, '', 7, '', '')`,
      )
      .run(no, id, owner);
  }
  store.raw.prepare(`insert into collection_members values ('plans', 'ann', 'viewer', '')`).run();
  addDocument('soup', 'recipes', 0, {
    mimeType: 'text/markdown',
    day: '2026-01-10',
    tags: ['winter', 'quick'],
  });
  addDocument('cake', 'recipes', 5, { mimeType: 'application/pdf', day: '2026-02-10', tags: ['quick'] });
  addDocument('queued', 'recipes', 0, { chunkCount: 0, day: '2026-02-11', tags: ['quick'] });
  addDocument('aunt', 'letters', 0, { mimeType: 'application/pdf', day: '2026-03-10', language: 'de' });
  addDocument('bridge', 'plans', 0, { day: '2026-04-10', tags: ['winter'] });
  addDocument('diary', 'secrets', 0, { day: '2026-04-10', tags: ['winter', 'quick'], language: 'ru' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

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
  store.raw
    .prepare(
      `insert into documents (id, collection_id, owner_id, title, title_key, filename, mime_type, size_bytes, sha256, storage_key,
         status, tags, language, page_count, token_count, revision, first_ordinal, chunk_count, created_at, updated_at)
       values (?, ?, 'ann', '', '', '', ?, 1, ?, ?, 'ready', ?, ?, 1, 1, 1, ?, ?, ?, '')`,
    )
    .run(
      ...[id, collectionId, mimeType, id, id, JSON.stringify(tags)],
      ...[language, firstOrdinal, chunkCount, `${day}T12:00:00.000Z`],
    );
  for (const tag of tags)
    store.raw.prepare('insert into document_tags values (?, ?, ?)').run(id, collectionId, tag);
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
