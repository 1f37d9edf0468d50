import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chunkKey, type SearchScope } from '../ports/search-scope.ts';
import { chunkId } from './chunk-id.ts';
import { loadChunks } from './hits.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from './sqlite.ts';

let folder: string;
let store: SqliteConnection;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ka-hits-'));
  prepareSqlite(join(folder, 'knowledge.db'));
  store = openSqlite(join(folder, 'knowledge.db'));
  store.raw
    .prepare(`insert into users values ('ann', 'a@x.test', '', 'user', '', 0, null, null, '', '', null)`)
    .run();
  store.raw
    .prepare(
      `insert into collections (no, id, owner_id, name, created_at, updated_at) values (1, 'c', 'ann', '', '', '')`,
    )
    .run();
  // each document has two chunks, and a third left over from the revision before
  for (let i = 0; i < 9; i++) {
    store.raw
      .prepare(
        `insert into documents (id, collection_id, owner_id, title, title_key, filename, mime_type, size_bytes, sha256, storage_key,
           status, tags, page_count, token_count, revision, first_ordinal, chunk_count, created_at, updated_at)
         values (?, 'c', 'ann', '', '', '', 'text/plain', 1, ?, '', 'ready', '[]', 1, 1, 2, ?, 2, '', '')`,
      )
      .run(`d${i}`, `${i}`, i * 10);
    for (const [ordinal, revision] of [
      [i * 10, 2],
      [i * 10 + 1, 2],
      [i * 10 + 5, 1],
    ] as const)
      store.raw
        .prepare(
          `insert into chunks (key, document_id, revision, seq, page, start, "end", heading_path, token_count, text, text_hash)
           values (?, ?, ?, ?, 1, 0, 4, '["Part"]', 1, ?, '')`,
        )
        .run(chunkKey(1, ordinal), `d${i}`, revision, ordinal, `text ${ordinal}`);
  }
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

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

test('a chunk id sorts by place within its document', () => {
  expect(chunkId('d1', chunkKey(7, 9)) < chunkId('d1', chunkKey(7, 10))).toBe(true);
  expect(chunkId('d1', chunkKey(7, 255))).toBe('d1-000000ff');
});
