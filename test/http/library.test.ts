import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASE, registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';
import { sendForm } from '../support/upload.ts';

let app: TestApp;
let ann: TestUser;
let bob: TestUser;
beforeAll(async () => {
  app = await startTestApp();
  ann = await registerUser(app);
  bob = await registerUser(app);
});
afterAll(() => app.close());

async function upload(
  who: TestUser,
  filename: string,
  fields: { tags?: string[]; collectionId?: string } = {},
) {
  const parts = [
    ...(fields.tags ? [{ field: 'tags', value: JSON.stringify(fields.tags) }] : []),
    ...(fields.collectionId ? [{ field: 'collectionId', value: fields.collectionId }] : []),
    { filename, content: `the text of ${filename} of ${who.id}` },
  ];
  return (await sendForm(app, who, parts)).json().document.id as string;
}
const listed = async (who: TestUser, query: string) =>
  (await app.call(who, `GET /api/v1/documents?sort=title&${query}`))
    .json()
    .items.map(({ filename }: { filename: string }) => filename);

describe('the list of documents', () => {
  test('is filtered by type and tag, page by page', async () => {
    await upload(ann, 'a.txt', { tags: ['red'] });
    await upload(ann, 'b.txt', { tags: ['red', 'blue'] });
    await upload(ann, 'c.txt');
    const types = (await app.call(ann, 'GET /api/v1/documents'))
      .json()
      .items.map(({ mimeType }: { mimeType: string }) => mimeType);
    expect(await listed(ann, 'tag=red')).toEqual(['a.txt', 'b.txt']);
    expect(await listed(ann, 'tag=blue')).toEqual(['b.txt']);
    expect(await listed(ann, 'tag=green')).toEqual([]);
    expect(await listed(ann, `mimeType=${encodeURIComponent(types[0])}`)).toHaveLength(3);
    expect(await listed(ann, 'mimeType=image/png')).toEqual([]);
    const first = (await app.call(ann, 'GET /api/v1/documents?tag=red&sort=title&limit=1')).json();
    expect(first.total).toBe(2);
    const rest = await app.call(
      ann,
      `GET /api/v1/documents?tag=red&sort=title&limit=1&cursor=${first.nextCursor}`,
    );
    expect(rest.json()).toMatchObject({ items: [{ filename: 'b.txt' }], nextCursor: null });
  });

  test('says how far a document is while it is worked on', async () => {
    const id = await upload(ann, 'waiting.txt');
    const progress = { taskId: expect.any(String), stage: 'queued', percent: 0 };
    expect((await app.call(ann, `GET /api/v1/documents/${id}`)).json()).toMatchObject({
      status: 'queued',
      progress,
    });
    expect((await app.call(ann, 'GET /api/v1/documents?q=waiting')).json().items[0]).toMatchObject({
      progress,
    });
    await app.db.updateTable('documents').set({ status: 'ready' }).where('id', '=', id).execute();
    expect((await app.call(ann, `GET /api/v1/documents/${id}`)).json().progress).toBeUndefined();
  });
});

describe('the facets', () => {
  test('count what the caller sees, and nothing of others', async () => {
    const mine = (await app.call(bob, 'POST /api/v1/collections', { name: 'Second' })).json().id;
    await upload(bob, 'x.txt', { tags: ['red'], collectionId: mine });
    await upload(bob, 'y.txt', { tags: ['red', 'green'] });
    const all = (await app.call(bob, 'GET /api/v1/documents/facets')).json();
    expect(all).toMatchObject({
      total: 2,
      statuses: [{ status: 'queued', count: 2 }],
      tags: [
        { tag: 'red', count: 2 },
        { tag: 'green', count: 1 },
      ],
    });
    expect(all.mimeTypes).toEqual([{ mimeType: expect.any(String), count: 2 }]);
    const one = (await app.call(bob, `GET /api/v1/documents/facets?collectionId=${mine}`)).json();
    expect(one).toMatchObject({ total: 1, tags: [{ tag: 'red', count: 1 }] });
    expect((await app.call(ann, `GET /api/v1/documents/facets?collectionId=${mine}`)).statusCode).toBe(404);
  });
});

describe('changing many documents at once', () => {
  const bulk = async (who: TestUser, documentIds: string[], action: object) =>
    (await app.call(who, 'POST /api/v1/documents/bulk', { documentIds, action })).json();
  const read = async (who: TestUser, id: string) =>
    (await app.call(who, `GET /api/v1/documents/${id}`)).json();

  test('does what may be done and names what may not', async () => {
    const [one, two] = [await upload(ann, 'm1.txt'), await upload(ann, 'm2.txt')];
    const foreign = await upload(bob, 'foreign.txt');
    const result = await bulk(ann, [one, foreign, two, one], { type: 'tag', add: ['new'] });
    expect(result.done).toEqual([one, two]);
    expect(result.failed).toMatchObject([{ documentId: foreign, error: { type: 'urn:ka:error:not-found' } }]);
    expect((await read(ann, two)).tags).toEqual(['new']);
    expect((await read(bob, foreign)).tags).toEqual([]);
  });

  test('adds and removes tags, and keeps the limit of each', async () => {
    const id = await upload(ann, 'tags.txt', { tags: ['a', 'b'] });
    await bulk(ann, [id], { type: 'tag', add: ['c'], remove: ['a'] });
    expect((await read(ann, id)).tags).toEqual(['b', 'c']);
    const many = Array.from({ length: 50 }, (_, i) => `t${i}`);
    expect((await bulk(ann, [id], { type: 'tag', add: many })).failed).toMatchObject([
      { documentId: id, error: { type: 'urn:ka:error:validation' } },
    ]);
  });

  test('moves into a collection that the caller may change', async () => {
    const id = await upload(ann, 'move.txt');
    const target = (await app.call(ann, 'POST /api/v1/collections', { name: 'Target' })).json().id;
    expect((await bulk(ann, [id], { type: 'move', collectionId: target })).done).toEqual([id]);
    expect((await read(ann, id)).collectionId).toBe(target);
    const refused = await app.call(ann, 'POST /api/v1/documents/bulk', {
      documentIds: [id],
      action: { type: 'move', collectionId: bob.collectionId },
    });
    expect(refused.statusCode).toBe(404);
  });

  test('reads many again under one task', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, (_, i) => upload(ann, `again${i}.txt`)));
    const { taskId, done } = await bulk(ann, ids, { type: 'reindex' });
    expect(done).toEqual(ids);
    const task = (await app.call(ann, `GET /api/v1/tasks/${taskId}`)).json();
    expect(task).toMatchObject({ kind: 'reindex', progress: { total: 30 } });
    expect(task.items.map(({ documentId }: { documentId: string }) => documentId)).toEqual(ids);
  });

  test('deletes, and who only reads a collection deletes nothing', async () => {
    const shared = (await app.call(ann, 'POST /api/v1/collections', { name: 'Shared' })).json().id;
    await app.call(ann, `PUT /api/v1/collections/${shared}/members`, { email: bob.email, role: 'viewer' });
    const id = await upload(ann, 'gone.txt', { collectionId: shared });
    expect((await bulk(bob, [id], { type: 'delete' })).failed).toMatchObject([
      { error: { type: 'urn:ka:error:forbidden' } },
    ]);
    expect((await bulk(ann, [id], { type: 'delete' })).done).toEqual([id]);
    expect((await read(ann, id)).status).toBe(404);
  });

  test.each([
    { documentIds: [], action: { type: 'delete' } },
    { documentIds: ['x'], action: { type: 'explode' } },
    { documentIds: ['x'], action: { type: 'move' } },
    { documentIds: Array.from({ length: 1001 }, (_, i) => `${i}`), action: { type: 'delete' } },
  ])('refuses what is not valid', async (body) => {
    expect((await app.call(ann, 'POST /api/v1/documents/bulk', body)).statusCode).toBe(400);
  });
});

test.runIf(DATABASE === 'sqlite')(
  'the index of titles keeps nothing of what was deleted or renamed',
  async () => {
    const trigrams = () => {
      app.sqlite.raw.exec(
        `create virtual table if not exists temp.trigrams using fts5vocab('main', 'documents_fts', 'row')`,
      );
      return app.sqlite.raw
        .prepare(`select term from temp.trigrams where term in ('qxz', 'zqv')`)
        .pluck()
        .all();
    };
    const [gone, renamed] = [await upload(ann, 'qxz.txt'), await upload(ann, 'b-zqv.txt')];
    expect(trigrams()).toEqual(['qxz', 'zqv']);
    await app.call(ann, `DELETE /api/v1/documents/${gone}`);
    expect(trigrams()).toEqual(['zqv']);
    expect((await app.call(ann, `PATCH /api/v1/documents/${renamed}`, { title: 'Other' })).json().title).toBe(
      'Other',
    );
    app.sqlite.raw.exec(`insert into documents_fts (documents_fts, rank) values ('integrity-check', 1)`);
  },
);
