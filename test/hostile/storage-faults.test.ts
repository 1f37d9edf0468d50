import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { beforeEach, expect, test } from 'vitest';
import { registerUser, type TestApp, type TestUser, testApp } from '../support/http.ts';
import { sendForm, uploadText } from '../support/upload.ts';

let app: TestApp;
let ann: TestUser;
beforeEach(async () => {
  app = await testApp();
  ann = await registerUser(app);
});

const storedFiles = (): number =>
  readdirSync(join(app.services.config.dataDir, 'files'), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile(),
  ).length;

/** Every kind of change, as route and body. */
const CHANGES: readonly (readonly [string, unknown?])[] = [
  ['POST /api/v1/collections', { name: 'Another' }],
  ['POST /api/v1/conversations', { title: 'A talk' }],
  ['POST /api/v1/api-keys', { name: 'a key', scopes: ['read'] }],
  ['PATCH /api/v1/me', { name: 'Ann' }],
];

async function expectEveryChange(status: number, slug: string): Promise<void> {
  const upload = await sendForm(app, ann, [{ filename: 'b.txt', content: 'another text' }]);
  const batch = await sendForm(app, ann, [{ filename: 'b.txt', content: 'another text' }], {
    url: '/api/v1/documents/batch',
  });
  const others = [];
  for (const [route, body] of CHANGES) others.push(await app.call(ann, route, body));
  for (const response of [upload, batch, ...others]) {
    expect(response.json()).toMatchObject({
      status,
      type: `urn:ka:error:${slug}`,
      detail: expect.any(String),
    });
    expect([response.statusCode, Number(response.headers['retry-after'])]).toEqual([
      status,
      expect.any(Number),
    ]);
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
  }
}

async function expectReadable(documentId: string): Promise<void> {
  for (const route of [
    'GET /api/v1/documents',
    `GET /api/v1/documents/${documentId}`,
    `GET /api/v1/documents/${documentId}/file`,
    'GET /api/v1/collections',
    'GET /api/v1/me',
  ])
    expect([route, (await app.call(ann, route)).statusCode]).toEqual([route, 200]);
  const search = await app.call(ann, 'POST /api/v1/search', { query: 'a text' });
  expect(search.statusCode).toBe(200);
}

test('a database without room refuses every change, serves every read, and goes on when there is room', async () => {
  const { id } = await uploadText(app, ann, 'a text');
  const { raw } = app.sqlite;
  // what is free within the file goes first
  raw.exec('create table filler (x)');
  raw.pragma(`max_page_count = ${Number(raw.pragma('page_count', { simple: true })) + 40}`);
  const filler = raw.prepare('insert into filler values (zeroblob(?))');
  for (const size of [4000, 400, 40, 4]) {
    try {
      for (;;) filler.run(size);
    } catch (error) {
      expect(error).toMatchObject({ code: 'SQLITE_FULL' });
    }
  }
  // the pages that are there have some bytes left each
  let stored = storedFiles();
  let refused = await sendForm(app, ann, [{ filename: 'b.txt', content: 'text 0' }]);
  for (let n = 1; refused.statusCode === 202 && n < 500; n++) {
    stored++;
    refused = await sendForm(app, ann, [{ filename: 'b.txt', content: `text ${n}` }]);
  }
  expect([refused.statusCode, refused.json().type]).toEqual([507, 'urn:ka:error:storage-full']);
  expect(storedFiles()).toBe(stored);
  // a transaction that SQLite has undone by itself says what was wrong, not that there was none to undo
  const undone = await app.sqlite.db
    .transaction()
    .execute((tx) =>
      tx
        .insertInto('settings')
        .values({ name: 'big', value: 'x'.repeat(1_000_000) })
        .execute(),
    )
    .catch((error: unknown) => error);
  expect(undone).toMatchObject({ code: 'SQLITE_FULL' });
  await expectReadable(id);
  raw.pragma('max_page_count = 1000000');
  expect((await uploadText(app, ann, 'a third text')).status).toBe('queued');
});

test('a database that can only be read refuses every change with what is wrong, and heals', async () => {
  const { id } = await uploadText(app, ann, 'a text');
  const before = storedFiles();
  app.sqlite.raw.pragma('query_only = on');
  await expectEveryChange(507, 'storage-read-only');
  expect(storedFiles()).toBe(before);
  await expectReadable(id);
  app.sqlite.raw.pragma('query_only = off');
  expect((await uploadText(app, ann, 'another text')).status).toBe('queued');
});

test('a database that another program holds is a 503 with a time to come back, and heals', async () => {
  const { id } = await uploadText(app, ann, 'a text');
  const before = storedFiles();
  app.sqlite.raw.pragma('busy_timeout = 1');
  const other = new Sqlite(app.sqlite.raw.name);
  other.exec('begin immediate');
  await expectEveryChange(503, 'database-locked');
  expect(storedFiles()).toBe(before);
  await expectReadable(id);
  other.exec('rollback');
  other.close();
  expect((await uploadText(app, ann, 'another text')).status).toBe('queued');
});

test.each([
  ['ENOSPC', 'storage-full'],
  ['EDQUOT', 'storage-full'],
  ['EROFS', 'storage-read-only'],
])('a file store that says %s is a 507', async (code, slug) => {
  const { files } = app.services;
  const full = await testApp({
    services: {
      files: {
        ...files,
        async put(content) {
          content.destroy();
          throw Object.assign(new Error('write'), { code });
        },
      },
    },
  });
  const bob = await registerUser(full);
  const response = await sendForm(full, bob, [{ filename: 'a.txt', content: 'a text' }]);
  expect([response.statusCode, response.json().type]).toEqual([507, `urn:ka:error:${slug}`]);
});
