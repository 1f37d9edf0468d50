import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type DocumentsQuery,
  describeDocument,
  listChunks,
  listDocuments,
  needDocument,
  usedBytes,
} from './documents.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from './sqlite.ts';
import { titled } from './title-key.ts';

let folder: string;
let store: SqliteConnection;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ka-documents-'));
  prepareSqlite(join(folder, 'knowledge.db'));
  store = openSqlite(join(folder, 'knowledge.db'));
  for (const user of ['ann', 'bob']) {
    store.raw
      .prepare(`insert into users values (?, ?, '', 'user', '', 0, null, null, '', '', null)`)
      .run(user, `${user}@x.test`);
  }
  for (const [id, owner] of [
    ['a1', 'ann'],
    ['a2', 'ann'],
    ['b1', 'bob'],
    ['b2', 'bob'],
  ]) {
    store.raw
      .prepare(
        `insert into collections (id, owner_id, name, created_at, updated_at) values (?, ?, ?, '', '')`,
      )
      .run(id, owner, id);
  }
  store.raw
    .prepare(`insert into collection_members values ('b1', 'ann', 'viewer', ''), ('b2', 'ann', 'editor', '')`)
    .run();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

let added = 0;
function add(
  collection: string,
  { title, ...fields }: { title?: string } & Record<string, string | number> = {},
): string {
  const id = `d${String(++added).padStart(6, '0')}`;
  const row: Record<string, string | number> = {
    id,
    collection_id: collection,
    owner_id: collection.startsWith('a') ? 'ann' : 'bob',
    ...titled(title ?? `Title ${id}`),
    filename: `${id}.txt`,
    mime_type: 'text/plain',
    size_bytes: 10,
    sha256: id,
    storage_key: id,
    status: 'ready',
    created_at: `2026-01-01T00:00:00.${id.slice(-3)}Z`,
    updated_at: '2026-01-01T00:00:00.000Z',
    ...fields,
  };
  const names = Object.keys(row);
  store.raw
    .prepare(`insert into documents (${names.join()}) values (${names.map((name) => `@${name}`).join()})`)
    .run(row);
  store.raw
    .prepare('update collections set document_count = document_count + 1 where id = ?')
    .run(collection);
  return id;
}

async function listAll(query: Partial<DocumentsQuery> = {}, user = 'ann', between = () => {}) {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listDocuments(store.db, user, { limit: 3, ...query, cursor });
    found.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
    between();
  } while (cursor !== undefined);
  return found;
}

describe('a list of documents', () => {
  test('holds what is in own and shared collections, newest first, and nothing else', async () => {
    const own = add('a1');
    const other = add('a2');
    const shared = add('b1');
    expect(await listAll()).toEqual([shared, other, own]);
    expect(await listAll({}, 'bob')).toEqual([shared]);
    expect(await listAll({ collectionId: 'a2' })).toEqual([other]);
    expect(await listDocuments(store.db, 'ann', { limit: 1 })).toMatchObject({ total: 3 });
  });

  test('of a foreign collection is not there', async () => {
    for (const collectionId of ['a1', 'nothing'])
      await expect(listAll({ collectionId }, 'bob')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('follows several keys in their own directions, over one collection and over many', async () => {
    const sizes = [3, 1, 2, 2, 3, 1, 2];
    const titles = ['b', 'a', 'c', 'a', 'a', 'b', 'c'];
    const ids = sizes.map((size, n) =>
      add(n % 2 ? 'a1' : 'a2', { size_bytes: size, title: titles[n] as string }),
    );
    const expected = (by: (x: number, y: number) => number) => [...ids.keys()].sort(by).map((n) => ids[n]);
    const title = (x: number, y: number) =>
      (titles[x] as string) < (titles[y] as string) ? -1 : titles[x] === titles[y] ? 0 : 1;
    const size = (x: number, y: number) => (sizes[x] as number) - (sizes[y] as number);
    const key = (key: 'title' | 'sizeBytes', descending = false) => ({ key, descending });
    expect(await listAll({ sort: [key('title')] })).toEqual(expected((x, y) => title(x, y) || x - y));
    expect(await listAll({ sort: [key('title', true)] })).toEqual(expected((x, y) => title(y, x) || y - x));
    expect(await listAll({ sort: [key('sizeBytes'), key('title', true)] })).toEqual(
      expected((x, y) => size(x, y) || title(y, x) || x - y),
    );
    expect(await listAll({ sort: [key('sizeBytes', true), key('title')], limit: 1 })).toEqual(
      expected((x, y) => size(y, x) || title(x, y) || y - x),
    );
  });

  test('shifts nothing while documents come', async () => {
    const before = Array.from({ length: 10 }, () => add('a1'));
    const seen = await listAll(
      {},
      'ann',
      () => void add('a1', { title: 'new', created_at: '2027-01-01T00:00:00.000Z' }),
    );
    expect(seen).toEqual(before.toReversed());
    const older = await listAll({ sort: [{ key: 'createdAt', descending: false }] });
    expect(new Set(older).size).toBe(older.length);
  });

  test('keeps to a status', async () => {
    const failed = add('a1', { status: 'failed', error_code: 'FILE_BROKEN', error_detail: 'No end.' });
    add('a1');
    const page = await listDocuments(store.db, 'ann', { limit: 5, status: 'failed' });
    expect(page).toMatchObject({
      total: 1,
      items: [{ id: failed, error: { type: 'urn:ka:error:file-broken', detail: 'No end.' } }],
    });
  });

  test('keeps to a type, a tag and a status in every order, be they of many documents or of few', async () => {
    const ids = Array.from({ length: 60 }, (_, n) => {
      const id = add(['a1', 'a2', 'b1', 'b2'][n % 4] as string, {
        title: `Title ${(n * 7) % 60}`,
        mime_type: n % 10 === 0 ? 'application/pdf' : 'text/plain',
        status: n % 3 === 0 ? 'failed' : 'ready',
      });
      for (const tag of [...(n % 2 ? ['common'] : []), ...(n % 20 < 2 ? ['rare'] : [])])
        store.raw
          .prepare('insert into document_tags values (?, ?, ?)')
          .run(id, ['a1', 'a2', 'b1', 'b2'][n % 4], tag);
      return id;
    });
    const mimeTypes = [undefined, 'application/pdf', 'text/plain', 'none'];
    const tags = [undefined, 'common', 'rare', 'none'];
    for (const mimeType of mimeTypes)
      for (const tag of tags)
        for (const status of [undefined, 'failed'] as const) {
          const expected = [...ids.keys()].filter(
            (n) =>
              (mimeType === undefined || mimeType === (n % 10 === 0 ? 'application/pdf' : 'text/plain')) &&
              (status === undefined || n % 3 === 0) &&
              (tag === undefined || (tag === 'common' ? n % 2 === 1 : tag === 'rare' && n % 20 < 2)),
          );
          const asked = { mimeType, tag, status };
          expect((await listDocuments(store.db, 'ann', { ...asked, limit: 1 })).total).toBe(expected.length);
          expect(await listAll(asked)).toEqual(expected.toReversed().map((n) => ids[n]));
          expect(await listAll({ ...asked, sort: [{ key: 'title', descending: false }] })).toEqual(
            expected.sort((a, b) => ((a * 7) % 60) - ((b * 7) % 60)).map((n) => ids[n]),
          );
        }
  });

  test('says how far documents are, and whose task it is that follows them', async () => {
    const working = add('b2', { status: 'parsing' });
    const moved = add('a1', { status: 'queued' });
    add('a1');
    store.raw.exec(`
      insert into tasks values ('t1', 'ann', 'ingest', '', null), ('t2', 'bob', 'reindex', '', null), ('t0', 'ann', 'ingest', '', '');
      insert into task_items (task_id, position, document_id, filename, status, stage, percent) values
        ('t0', 0, '${working}', '', 'completed', 'done', 100),
        ('t1', 0, '${working}', '', 'processing', 'parsing', 30),
        ('t2', 0, '${working}', '', 'processing', 'indexing', 40)`);
    const progressOf = async (user: string) =>
      (await listDocuments(store.db, user, { limit: 5 })).items.map(({ id, progress }) => [id, progress]);
    expect(await progressOf('bob')).toEqual([[working, { taskId: 't2', stage: 'indexing', percent: 40 }]]);
    const [settled, ...others] = await progressOf('ann');
    expect(settled?.[1]).toBeUndefined();
    expect(others).toEqual([
      [moved, { taskId: null, stage: 'queued', percent: 0 }],
      [working, { taskId: 't1', stage: 'indexing', percent: 40 }],
    ]);
  });

  test.each([
    ['report', ['annual']],
    ['REPORT annual', ['annual']],
    ['2024 rep', ['annual']],
    ['aktiengröße', ['german']],
    ['GRÖSSE', []],
    ['größe', ['german']],
    ['do', ['russian-ascii']],
    ['ДО', ['russian']],
    ['q1', ['annual']],
    ['Q1 report', ['annual']],
    ['.pdf', ['annual', 'quoted']],
    ['"AND"', ['quoted']],
    ['title:x OR', []],
    ['an%al', []],
    ['\0', ['annual', 'german', 'russian', 'russian-ascii', 'quoted']],
  ])('finds %j in titles and file names, few as many', async (q, expected) => {
    const names: Record<string, string> = {
      [add('a1', { title: 'Annual Report', filename: '2024-q1.pdf' })]: 'annual',
      [add('a1', { title: 'Aktiengröße', filename: 'x.txt' })]: 'german',
      [add('a2', { title: 'Договор', filename: 'y.txt' })]: 'russian',
      [add('b1', { title: 'Dogs', filename: 'z.txt' })]: 'russian-ascii',
      [add('b1', { title: 'this "and" that', filename: 'w.pdf' })]: 'quoted',
    };
    const asked = { limit: 10, q, sort: [{ key: 'createdAt', descending: false }] } as const;
    const page = await listDocuments(store.db, 'ann', asked);
    expect(page.items.map(({ id }) => names[id])).toEqual(expected);
    expect(page.total).toBe(expected.length);
    // among so many the index is asked
    store.raw.transaction(() => {
      for (let n = 0; n < 500; n++)
        add('a2', { title: 'x', filename: 'x', created_at: '2027-01-01T00:00:00.000Z' });
    })();
    const among = await listDocuments(store.db, 'ann', asked);
    expect(among.items.map(({ id }) => names[id]).filter(Boolean)).toEqual(expected);
  });

  test('never finds what another user has', async () => {
    add('a1', { title: 'secret plan' });
    expect((await listDocuments(store.db, 'bob', { limit: 5, q: 'secret' })).items).toEqual([]);
  });

  test('refuses cursors that are not its own', async () => {
    for (let n = 0; n < 5; n++) add('a1');
    const { nextCursor } = await listDocuments(store.db, 'ann', { limit: 2 });
    const bySize = { sort: [{ key: 'sizeBytes', descending: false }] } as const;
    for (const [query, cursor] of [
      [bySize, nextCursor],
      [{}, 'nonsense'],
      [{}, ''],
      [{}, Buffer.from('["-created_at,-id",1,{}]').toString('base64url')],
      [{}, Buffer.from('null').toString('base64url')],
    ] as const) {
      const asked = listDocuments(store.db, 'ann', { limit: 2, ...query, cursor: cursor ?? '' });
      await expect(asked).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    }
  });

  test('covers more collections than one statement has branches', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 120; n++) {
      store.raw
        .prepare(
          `insert into collections (id, owner_id, name, created_at, updated_at) values (?, 'ann', '', '', '')`,
        )
        .run(`a1${n}`);
      ids.push(add(`a1${n}`));
    }
    expect(await listAll({ limit: 50 })).toEqual(ids.toReversed());
  });

  test('is read from indexes, whatever is asked', async () => {
    for (let n = 0; n < 5; n++) {
      const id = add(n % 2 ? 'a1' : 'a2', { title: `Report ${n}` });
      for (const tag of n === 0 ? ['x', 'rare'] : ['x'])
        store.raw.prepare('insert into document_tags values (?, ?, ?)').run(id, n % 2 ? 'a1' : 'a2', tag);
    }
    // the count decides how words are looked up
    store.raw.exec(`update collections set document_count = 1000 where id = 'a1'`);
    const statements = new Set<string>();
    const prepare = store.raw.prepare.bind(store.raw);
    store.raw.prepare = ((text: string) => {
      statements.add(text);
      return prepare(text);
    }) as typeof store.raw.prepare;
    for (const collectionId of [undefined, 'a1']) {
      for (const sort of ['createdAt', 'updatedAt', 'title', 'sizeBytes'] as const) {
        for (const more of [
          {},
          { status: 'ready' },
          { mimeType: 'text/plain' },
          { tag: 'x' },
          { tag: 'rare' },
          { tag: 'x', mimeType: 'text/plain', status: 'ready' },
          { q: 'report', tag: 'x' },
          { q: 'report' },
          { q: 'po' },
        ] as const) {
          for (const descending of [false, true])
            await listAll({ collectionId, sort: [{ key: sort, descending }], limit: 1, ...more });
        }
      }
    }
    expect(statements.size).toBeGreaterThan(20);
    expect([...statements].join()).toContain('documents_fts match');
    for (const statement of statements) {
      const plan = prepare(`explain query plan ${statement}`).all(
        ...Array.from({ length: statement.match(/\?/g)?.length ?? 0 }, () => null),
      ) as { detail: string }[];
      for (const { detail } of plan)
        expect(detail, statement).not.toMatch(
          /^SCAN (?!documents_fts VIRTUAL TABLE INDEX|\(subquery|CONSTANT)/,
        );
    }
  });
});

describe('a document', () => {
  test('is there for its owner and members, to change only for the owner and editors', async () => {
    const [own, viewed, edited] = [add('a1'), add('b1'), add('b2')];
    for (const id of [own, viewed, edited])
      expect(await needDocument(store.db, 'ann', id, 'viewer')).toMatchObject({ id });
    for (const id of [own, edited])
      expect(await needDocument(store.db, 'ann', id, 'editor')).toMatchObject({ id });
    await expect(needDocument(store.db, 'ann', viewed, 'editor')).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    for (const id of [own, 'nothing'])
      await expect(needDocument(store.db, 'bob', id, 'viewer')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('gives the chunks of its visible revision only', async () => {
    const id = add('a1', { revision: 2, page_count: 2, chunk_count: 3 });
    const chunk = store.raw.prepare(
      `insert into chunks (key, document_id, revision, seq, page, start, "end", heading_path, token_count, text, text_hash)
       values (?, ?, ?, ?, 1, 0, 4, '["Part"]', 1, ?, '')`,
    );
    chunk.run(1, id, 1, 0, 'old');
    for (const seq of [0, 1, 2]) chunk.run(10 + seq, id, 2, seq, `text ${seq}`);
    const document = await needDocument(store.db, 'ann', id, 'viewer');
    const first = await listChunks(store.db, document, { limit: 2 });
    expect(first).toMatchObject({
      items: [{ id: `${id}-0000000a`, headingPath: ['Part'], text: 'text 0' }, { id: `${id}-0000000b` }],
      total: 3,
    });
    const second = await listChunks(store.db, document, { limit: 2, cursor: first.nextCursor as string });
    expect(second).toMatchObject({ items: [{ id: `${id}-0000000c` }], nextCursor: null });
    await expect(listChunks(store.db, document, { limit: 2, cursor: 'x' })).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
    });
  });

  test('takes its place among the titles under its new name', async () => {
    const [a, c] = [add('a1', { title: 'Äpfel' }), add('a1', { title: 'cherries' })];
    const id = add('a1', { title: 'zucchini' });
    const document = await needDocument(store.db, 'ann', id, 'editor');
    await store.db.transaction().execute((tx) => describeDocument(tx, document, { title: 'Bananas' }));
    expect(await listAll({ sort: [{ key: 'title', descending: false }] })).toEqual([a, id, c]);
  });

  test('takes a new title and tags, and searches of its collection begin anew', async () => {
    const id = add('a1');
    const document = await needDocument(store.db, 'ann', id, 'editor');
    await store.db
      .transaction()
      .execute((tx) => describeDocument(tx, document, { title: 'New name', tags: ['z', 'a', 'z'] }));
    expect(await listDocuments(store.db, 'ann', { limit: 5, q: 'new name' })).toMatchObject({
      items: [{ id, title: 'New name', tags: ['a', 'z'] }],
    });
    expect(store.raw.prepare('select tag from document_tags order by tag').pluck().all()).toEqual(['a', 'z']);
    expect(store.raw.prepare(`select generation from collections where id = 'a1'`).pluck().get()).toBe(1);
    await store.db.transaction().execute((tx) => describeDocument(tx, document, { tags: [] }));
    expect(store.raw.prepare('select count(*) from document_tags').pluck().get()).toBe(0);
  });
});

test('the bytes that a user uploaded are counted wherever they lie', async () => {
  expect(await usedBytes(store.db, 'ann')).toBe(0);
  add('a1', { size_bytes: 5 });
  add('b2', { size_bytes: 7, owner_id: 'ann' });
  add('b2', { size_bytes: 100 });
  expect(await usedBytes(store.db, 'ann')).toBe(12);
});
