import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';
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
    await app.sqlite.db.updateTable('documents').set({ status: 'ready' }).where('id', '=', id).execute();
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
