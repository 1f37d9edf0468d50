import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Document } from '../../src/contract/documents.ts';
import { registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';
import { sendForm, uploadText } from '../support/upload.ts';

let app: TestApp;
let ann: TestUser;
let bob: TestUser;
beforeAll(async () => {
  app = await startTestApp({ env: { PORT: '0' } });
  ann = await registerUser(app);
  bob = await registerUser(app);
});
afterAll(() => app.close());

const file = (document: Document, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
  app.call(ann, `${method} /api/v1/documents/${document.id}/file`, undefined, headers);

describe('the list', () => {
  test('sorts titles for people, in pages of any size', async () => {
    const user = await registerUser(app);
    const order = ['2 apples', '10 apples', 'Äpfel', 'apples', 'Éclair', 'zebra', 'Zoo'];
    for (const title of order.toReversed())
      await sendForm(app, user, [
        { field: 'title', value: title },
        { filename: 'x.txt', content: `titled ${title}` },
      ]);
    for (const [sort, expected] of [
      ['title', order],
      ['-title', order.toReversed()],
    ] as const) {
      const titles: string[] = [];
      for (let cursor = ''; ; ) {
        const page = (
          await app.call(
            user,
            `GET /api/v1/documents?sort=${sort}&limit=2&cursor=${cursor}`.replace(/&cursor=$/, ''),
          )
        ).json();
        titles.push(...page.items.map(({ title }: Document) => title));
        if (page.nextCursor === null) break;
        cursor = page.nextCursor;
      }
      expect(titles).toEqual(expected);
    }
  });

  test('pages by cursor in the order asked for, over what the user may see', async () => {
    const user = await registerUser(app);
    for (const name of ['b', 'd', 'a', 'c', 'e'])
      await uploadText(app, user, `list ${name}`, { filename: `${name}.txt` });
    const titles: string[] = [];
    let cursor = '';
    do {
      const page = (await app.call(user, `GET /api/v1/documents?sort=title&limit=2${cursor}`)).json();
      expect(page.total).toBe(5);
      titles.push(...page.items.map(({ title }: Document) => title));
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    expect(titles).toEqual(['a', 'b', 'c', 'd', 'e']);
    const found = await app.call(user, 'GET /api/v1/documents?q=d.t&status=queued');
    expect(found.json()).toMatchObject({ items: [{ title: 'd' }], total: 1, nextCursor: null });
    expect((await app.call(bob, 'GET /api/v1/documents?q=d.t')).json().items).toEqual([]);
    expect((await app.call(bob, `GET /api/v1/documents?collectionId=${user.collectionId}`)).statusCode).toBe(
      404,
    );
  });

  test.each([
    'sort=color',
    'sort=title,title',
    'sort=',
    'limit=0',
    'limit=201',
    'limit=x',
    'status=lost',
    'cursor=zzz',
    'cursor=',
  ])('with %s is not valid', async (query) => {
    const response = await app.call(ann, `GET /api/v1/documents?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json().type).toMatch(/validation|invalid-cursor/);
  });
});

describe('a document', () => {
  test('that is somebody else’s is not found, whatever is asked of it', async () => {
    const { id } = await uploadText(app, ann, 'private text');
    for (const [route, body] of [
      [`GET /api/v1/documents/${id}`],
      [`PATCH /api/v1/documents/${id}`, { title: 'mine now' }],
      [`DELETE /api/v1/documents/${id}`],
      [`GET /api/v1/documents/${id}/file`],
      [`GET /api/v1/documents/${id}/text`],
      [`GET /api/v1/documents/${id}/chunks`],
      [`POST /api/v1/documents/${id}/reindex`],
    ] as const) {
      const foreign = await app.call(bob, route, body);
      const missing = await app.call(bob, route.replace(id, 'nothing'), body);
      expect([foreign.statusCode, missing.statusCode], route).toEqual([404, 404]);
      expect(foreign.json().detail).toBe(missing.json().detail);
      expect((await app.call(undefined, route, body)).statusCode).toBe(401);
    }
    expect((await app.call(ann, `GET /api/v1/documents/${id}`)).json()).toMatchObject({ id, title: 'note' });
  });

  test('takes a new title and new tags, and refuses what is no change', async () => {
    const { id } = await uploadText(app, ann, 'to rename');
    const changed = await app.call(ann, `PATCH /api/v1/documents/${id}`, {
      title: ' New ',
      tags: ['b', 'a', 'b'],
    });
    expect(changed.json()).toMatchObject({ id, title: 'New', tags: ['a', 'b'] });
    for (const body of [{}, { title: '' }, { color: 'red' }, { tags: [''] }, { title: 'a\0b' }])
      expect((await app.call(ann, `PATCH /api/v1/documents/${id}`, body)).statusCode).toBe(400);
  });

  test('moves into a collection that the user may change, and into no other', async () => {
    const document = await uploadText(app, ann, 'to move');
    const second = (await app.call(ann, 'POST /api/v1/collections', { name: 'Second' })).json();
    const move = (collectionId: string) =>
      app.call(ann, `PATCH /api/v1/documents/${document.id}`, { collectionId });
    expect((await move(bob.collectionId)).statusCode).toBe(404);
    await app.call(bob, `PUT /api/v1/collections/${bob.collectionId}/members`, {
      email: ann.email,
      role: 'viewer',
    });
    expect((await move(bob.collectionId)).statusCode).toBe(403);
    expect((await move(second.id)).json()).toMatchObject({ id: document.id, collectionId: second.id });
    await uploadText(app, ann, 'to move');
    expect((await move(ann.collectionId)).statusCode).toBe(409);
    await app.call(bob, `DELETE /api/v1/collections/${bob.collectionId}/members/${ann.id}`);
  });

  test('in a shared collection is read by viewers and changed by editors', async () => {
    const member = await registerUser(app);
    const { id } = await uploadText(app, ann, 'shared text');
    const routes = [
      ['GET /api/v1/documents/:id', undefined, 200, 200],
      ['GET /api/v1/documents/:id/file', undefined, 200, 200],
      ['PATCH /api/v1/documents/:id', { title: 'x' }, 403, 200],
      ['POST /api/v1/documents/:id/reindex', undefined, 403, 202],
      ['DELETE /api/v1/documents/:id', undefined, 403, 204],
    ] as const;
    for (const [role, column] of [
      ['viewer', 2],
      ['editor', 3],
    ] as const) {
      await app.call(ann, `PUT /api/v1/collections/${ann.collectionId}/members`, {
        email: member.email,
        role,
      });
      for (const route of routes) {
        const response = await app.call(member, route[0].replace(':id', id), route[1]);
        expect([role, route[0], response.statusCode]).toEqual([role, route[0], route[column]]);
      }
    }
  });

  test('that is deleted is gone at once', async () => {
    const { id } = await uploadText(app, ann, 'to delete');
    const response = await app.call(ann, `DELETE /api/v1/documents/${id}`);
    expect([response.statusCode, response.body]).toEqual([204, '']);
    const noted = await app.db
      .selectFrom('audit')
      .select(['action', 'actor_id'])
      .where('target', '=', id)
      .execute();
    expect(noted).toEqual([{ action: 'document.deleted', actor_id: ann.id }]);
    for (const route of [
      `GET /api/v1/documents/${id}`,
      `GET /api/v1/documents/${id}/file`,
      `DELETE /api/v1/documents/${id}`,
    ])
      expect((await app.call(ann, route)).statusCode).toBe(404);
  });

  test('gives its text by page and its chunks by cursor', async () => {
    const { id } = await uploadText(app, ann, 'with pages');
    const { db } = app;
    await db
      .updateTable('documents')
      .set({ page_count: 2, chunk_count: 2, revision: 1 })
      .where('id', '=', id)
      .execute();
    const own = { document_id: id, revision: 1 };
    await db
      .insertInto('pages')
      .values([
        { ...own, page: 1, start: 0, text: 'first ' },
        { ...own, page: 1, start: 6, text: 'page' },
        { ...own, page: 2, start: 0, text: '' },
      ])
      .execute();
    const chunk = {
      ...own,
      page: 1,
      start: 0,
      end: 5,
      heading_path: '["A","B"]',
      token_count: 1,
      text_hash: '',
    };
    await db
      .insertInto('chunks')
      .values([0, 1].map((seq) => ({ ...chunk, key: 9_000_000 + seq, seq, text: `chunk ${seq}` })))
      .execute();
    expect((await app.call(ann, `GET /api/v1/documents/${id}/text`)).json()).toEqual({
      page: 1,
      text: 'first page',
    });
    expect((await app.call(ann, `GET /api/v1/documents/${id}/text?page=2`)).json()).toEqual({
      page: 2,
      text: '',
    });
    expect((await app.call(ann, `GET /api/v1/documents/${id}/text?page=3`)).statusCode).toBe(404);
    for (const page of ['0', '-1', '1.5', 'x'])
      expect((await app.call(ann, `GET /api/v1/documents/${id}/text?page=${page}`)).statusCode).toBe(400);
    const first = (await app.call(ann, `GET /api/v1/documents/${id}/chunks?limit=1`)).json();
    expect(first).toMatchObject({
      items: [{ headingPath: ['A', 'B'], text: 'chunk 0', page: 1, start: 0, end: 5 }],
      total: 2,
    });
    const second = (
      await app.call(ann, `GET /api/v1/documents/${id}/chunks?limit=1&cursor=${first.nextCursor}`)
    ).json();
    expect(second).toMatchObject({ items: [{ text: 'chunk 1' }], nextCursor: null });
  });

  test('is read again as a task of the one who asked', async () => {
    const { id } = await uploadText(app, ann, 'to reindex');
    const response = await app.call(ann, `POST /api/v1/documents/${id}/reindex`);
    expect(response.statusCode).toBe(202);
    const task = await app.call(ann, `GET /api/v1/tasks/${response.json().taskId}`);
    expect(task.json()).toMatchObject({ kind: 'reindex', items: [{ documentId: id }] });
  });
});

describe("a document's file", () => {
  const content = 'The quick brown fox jumps over the lazy dog.';
  let document: Document;
  beforeAll(async () => {
    document = await uploadText(app, ann, content, { filename: 'Füchse %221%22.txt' });
  });

  test('comes whole, to be saved under its name', async () => {
    const response = await file(document);
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe(content);
    expect(response.headers).toMatchObject({
      'content-type': 'text/plain',
      'content-length': String(content.length),
      'content-disposition': `attachment; filename="F_chse _1_.txt"; filename*=UTF-8''F%C3%BCchse%20%221%22.txt`,
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      etag: `"${createHash('sha256').update(content).digest('hex')}"`,
    });
  });

  test.each([
    ['bytes=0-3', 206, 'The ', 'bytes 0-3/44'],
    ['bytes=40-', 206, 'dog.', 'bytes 40-43/44'],
    ['bytes=-4', 206, 'dog.', 'bytes 40-43/44'],
    ['bytes=40-99', 206, 'dog.', 'bytes 40-43/44'],
    ['bytes=0-1,42-43', 206, content, 'bytes 0-43/44'],
    ['bytes=9-2', 200, content, undefined],
    ['lines=1-2', 200, content, undefined],
  ])('answers the range %s with %i', async (range, status, body, shown) => {
    const response = await file(document, { range });
    expect([response.statusCode, response.body, response.headers['content-range']]).toEqual([
      status,
      body,
      shown,
    ]);
    expect(response.headers['content-length']).toBe(String(body.length));
  });

  test.each(['bytes=44-', 'bytes=-0', 'bytes=100-200'])('refuses the range %s', async (range) => {
    const response = await file(document, { range });
    expect(response.statusCode).toBe(416);
    expect(response.headers['content-range']).toBe('bytes */44');
    expect(response.headers.etag).toBeUndefined();
    expect(response.json().type).toBe('urn:ka:error:range-not-satisfiable');
  });

  test('is asked for by its bytes: a range of another version is the whole, a known version is nothing', async () => {
    const etag = (await file(document)).headers.etag as string;
    expect((await file(document, { range: 'bytes=0-3', 'if-range': etag })).statusCode).toBe(206);
    expect((await file(document, { range: 'bytes=0-3', 'if-range': '"other"' })).body).toBe(content);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const response = await file(document, { 'if-none-match': known });
      expect([response.statusCode, response.body]).toEqual([304, '']);
    }
    expect((await file(document, { 'if-none-match': '"x"' })).statusCode).toBe(200);
  });

  test('answers HEAD with the same headers and no bytes', async () => {
    const [head, get] = [await file(document, {}, 'HEAD'), await file(document)];
    expect([head.statusCode, head.body]).toEqual([200, '']);
    for (const name of ['content-length', 'content-type', 'etag', 'content-disposition'])
      expect(head.headers[name], name).toBe(get.headers[name]);
  });

  test.each(['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml'])(
    'of the type %s runs nothing',
    async (type) => {
      const response = await sendForm(app, ann, [
        { filename: 'x', content: `<script>alert(1)</script>${type}`, type },
      ]);
      const { headers } = await file(response.json().document);
      expect(headers['content-disposition']).toMatch(/^attachment;/);
      expect(headers['content-security-policy']).toMatch(/default-src 'none'; sandbox/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    },
  );

  test('whose bytes are lost is a fault of ours that names no path', async () => {
    const lost = await uploadText(app, ann, 'to lose');
    const { storage_key: key } = await app.db
      .selectFrom('documents')
      .select('storage_key')
      .where('id', '=', lost.id)
      .executeTakeFirstOrThrow();
    await app.services.files.remove(key);
    const response = await file(lost);
    expect(response.statusCode).toBe(500);
    expect(response.json()).toMatchObject({ type: 'urn:ka:error:file-missing' });
    for (const name of ['etag', 'content-disposition', 'content-range', 'accept-ranges'])
      expect(response.headers[name], name).toBeUndefined();
    expect(response.body).not.toContain(key);
    expect(response.headers['content-type']).toContain('problem+json');
  });

  test('goes over a real connection, and a client that leaves ends the reading', async () => {
    const big = (
      await sendForm(app, ann, [{ filename: 'big', content: Buffer.alloc(20_000_000, 'x') }])
    ).json().document;
    const { port, hostname } = new URL(await app.server.listen());
    const socket = connect(Number(port), hostname);
    socket.write(
      `GET /api/v1/documents/${big.id}/file HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ann.token}\r\n\r\n`,
    );
    const [chunk] = await once(socket, 'data');
    expect(String(chunk)).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
    const answer = await fetch(`http://${hostname}:${port}/api/v1/documents/${big.id}/file`, {
      headers: { authorization: `Bearer ${ann.token}`, range: 'bytes=19999990-' },
    });
    expect([answer.status, await answer.text()]).toEqual([206, 'x'.repeat(10)]);
  });
});

test('no statement of these routes reads a whole table', async () => {
  expect(
    (await app.scans()).filter(({ statement }) => /documents|chunks|pages|tasks|task_items/.test(statement)),
  ).toEqual([]);
});
