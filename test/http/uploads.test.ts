import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { registerUser, startTestApp, type TestApp, type TestUser, testApp } from '../support/http.ts';
import { FORM_TYPE, formBody, sendForm, uploadText } from '../support/upload.ts';

let app: TestApp;
let ann: TestUser;
let bob: TestUser;
beforeAll(async () => {
  app = await startTestApp({ env: { MAX_UPLOAD_MB: '1', MAX_BATCH_FILES: '5' } });
  ann = await registerUser(app);
  bob = await registerUser(app);
});
afterAll(() => app.close());

const storedFiles = (of: TestApp): string[] => {
  try {
    return readdirSync(join(of.services.config.dataDir, 'files'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  } catch {
    return [];
  }
};
const MB = 1024 * 1024;

describe('an upload', () => {
  test('is taken in with its fields, and its task is there', async () => {
    const response = await sendForm(app, ann, [
      { field: 'title', value: ' My title ' },
      { filename: 'a.txt', content: 'text', type: 'text/plain; charset=utf-8' },
      { field: 'tags', value: 'one, two' },
      { field: 'tags', value: '["three"]' },
      { field: 'collectionId', value: ann.collectionId },
    ]);
    expect(response.statusCode).toBe(202);
    const { document, taskId } = response.json();
    expect(document).toMatchObject({
      collectionId: ann.collectionId,
      title: 'My title',
      filename: 'a.txt',
      mimeType: 'text/plain',
      sizeBytes: 4,
      status: 'queued',
      tags: ['one', 'three', 'two'],
    });
    const task = await app.call(ann, `GET /api/v1/tasks/${taskId}`);
    expect(task.json()).toMatchObject({
      status: 'queued',
      items: [{ documentId: document.id, filename: 'a.txt' }],
    });
    const file = await app.call(ann, `GET /api/v1/documents/${document.id}/file`);
    expect(file.body).toBe('text');
  });

  test('goes to the oldest own collection when it names none', async () => {
    expect((await uploadText(app, ann, 'no collection named')).collectionId).toBe(ann.collectionId);
  });

  test('of bytes that are there already answers with what is there, and stores nothing', async () => {
    const first = await uploadText(app, ann, 'the same', { filename: 'first.txt' });
    const before = storedFiles(app);
    const again = await sendForm(app, ann, [{ filename: 'second.txt', content: 'the same' }]);
    expect(again.statusCode).toBe(200);
    expect(again.json()).toMatchObject({
      document: { id: first.id, filename: 'first.txt' },
      taskId: expect.any(String),
    });
    expect(storedFiles(app)).toEqual(before);
    expect((await uploadText(app, bob, 'the same')).id).not.toBe(first.id);
  });

  test.each([
    ['../../../../etc/passwd', 'passwd'],
    ['/etc/cron.d/evil.txt', 'evil.txt'],
    ['file.txt\0.pdf', 'file.txt .pdf'],
    ['line%0D%0Aset-cookie: a=b.txt', 'line set-cookie: a=b.txt'],
    ['raw\r\nx-evil: 1.txt', 'raw'],
    ['\u202efdp.exe', 'fdp.exe'],
    ["' OR 1=1 --.txt", "' OR 1=1 --.txt"],
    ['<img src=x onerror=alert(1)>.md', '<img src=x onerror=alert(1)>.md'],
    ['', 'document'],
    ['..', 'document'],
    [`${'x'.repeat(4000)}.pdf`, `${'x'.repeat(196)}.pdf`],
  ])('named %j is shown as %j and stored under a name of the store', async (filename, shown) => {
    const document = await uploadText(app, ann, `content of ${filename}`, { filename });
    expect(document.filename).toBe(shown);
    expect(storedFiles(app).every((name) => /^[0-9a-f-]{36}$/.test(name))).toBe(true);
    const file = await app.call(ann, `GET /api/v1/documents/${document.id}/file`);
    expect(file.headers['content-disposition']).toMatch(
      /^attachment; filename="[^"]*"; filename\*=UTF-8''\S+$/,
    );
    expect(file.headers['set-cookie']).toBeUndefined();
  });

  test.each([
    ['no file', [{ field: 'title', value: 'x' }], 'file'],
    ['a part of another name', [{ filename: 'a', content: 'x', name: 'document' }], 'file'],
    [
      'two files',
      [
        { filename: 'a', content: 'x1' },
        { filename: 'b', content: 'x2' },
      ],
      'file',
    ],
    [
      'a title that is too long',
      [
        { field: 'title', value: 'x'.repeat(501) },
        { filename: 'a', content: 'x3' },
      ],
      'title',
    ],
    [
      'too many tags',
      [
        { filename: 'a', content: 'x4' },
        { field: 'tags', value: Array.from({ length: 51 }, (_, n) => n).join() },
      ],
      'tags',
    ],
  ])('with %s is refused by name and leaves nothing', async (_, parts, path) => {
    const before = storedFiles(app);
    const response = await sendForm(app, ann, parts as never);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({
      type: 'urn:ka:error:validation',
      errors: [{ path: expect.stringContaining(path) }],
    });
    expect(storedFiles(app)).toEqual(before);
  });

  test('that is empty is refused', async () => {
    const response = await sendForm(app, ann, [{ filename: 'empty.txt', content: '' }]);
    expect([response.statusCode, response.json().type]).toEqual([422, 'urn:ka:error:file-empty']);
  });

  test('above the limit is refused and leaves nothing; at the limit it is taken', async () => {
    const before = storedFiles(app);
    const response = await sendForm(app, ann, [{ filename: 'big.txt', content: Buffer.alloc(MB + 1) }]);
    expect([response.statusCode, response.json().type]).toEqual([413, 'urn:ka:error:document-too-large']);
    expect(storedFiles(app)).toEqual(before);
    expect((await sendForm(app, ann, [{ filename: 'fits.txt', content: Buffer.alloc(MB) }])).statusCode).toBe(
      202,
    );
  });

  test.each(['application/json', 'text/plain', 'multipart/form-data'])(
    'sent as %s is refused',
    async (type) => {
      const response = await sendForm(app, ann, [{ filename: 'a', content: 'x' }], {
        headers: { 'content-type': type },
      });
      expect(response.statusCode).toBeGreaterThanOrEqual(400);
      expect(response.statusCode).toBeLessThan(500);
      expect(response.headers['content-type']).toContain('application/problem+json');
    },
  );

  test.each(['before', 'after'])(
    "into somebody else's collection is not found, with its name %s the file",
    async (place) => {
      const before = storedFiles(app);
      const field = { field: 'collectionId', value: ann.collectionId };
      const file = { filename: 'a', content: 'foreign' };
      const response = await sendForm(app, bob, place === 'before' ? [field, file] : [file, field]);
      expect(response.statusCode).toBe(404);
      expect(storedFiles(app)).toEqual(before);
    },
  );

  test('needs the role of an editor', async () => {
    const own = await testApp();
    const owner = await registerUser(own);
    const member = await registerUser(own);
    const send = () =>
      sendForm(own, member, [
        { filename: 'a', content: 'x' },
        { field: 'collectionId', value: owner.collectionId },
      ]);
    for (const [role, status] of [
      ['viewer', 403],
      ['editor', 202],
    ] as const) {
      await own.call(owner, `PUT /api/v1/collections/${owner.collectionId}/members`, {
        email: member.email,
        role,
      });
      expect((await send()).statusCode).toBe(status);
    }
  });

  test('that stops in the middle leaves nothing, and can be sent again under its idempotency key', async () => {
    const own = await testApp({ env: { PORT: '0' } });
    const user = await registerUser(own);
    const { port, hostname } = new URL(await own.server.listen());
    const file = { filename: 'a.bin', content: Buffer.alloc(2 * MB, 'x') };
    const body = formBody([file]);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /api/v1/documents HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${user.token}\r\nidempotency-key: once\r\ncontent-type: ${FORM_TYPE}\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.subarray(0, MB));
    while (storedFiles(own).length === 0) await new Promise(setImmediate);
    socket.destroy();
    while (storedFiles(own).length > 0) await new Promise(setImmediate);
    const list = await own.call(user, 'GET /api/v1/documents');
    expect(list.json()).toMatchObject({ items: [], total: 0 });
    const keys = () => own.db.selectFrom('idempotency_keys').select('hash').execute();
    while ((await keys()).length > 0) await new Promise(setImmediate);
    const headers = { 'idempotency-key': 'once' };
    expect((await sendForm(own, user, [file], { headers })).statusCode).toBe(202);
    expect((await sendForm(own, user, [file], { headers })).headers['idempotency-replayed']).toBe('true');
  });

  test.each([
    ['by its announced length', 4],
    ['as it comes', 1.8],
  ])(
    'that is too large (%s) is answered before its end, and its connection serves the next request',
    async (_, mb) => {
      const own = await testApp({ env: { MAX_UPLOAD_MB: '1', PORT: '0' } });
      const user = await registerUser(own);
      const { port, hostname } = new URL(await own.server.listen());
      const socket = connect(Number(port), hostname);
      const body = formBody([{ filename: 'a.bin', content: Buffer.alloc(mb * MB, 'x') }]);
      const head = `host: x\r\nauthorization: Bearer ${user.token}\r\n`;
      let seen = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        seen += text;
      });
      const until = async (text: string) => {
        while (!seen.includes(text)) await once(socket, 'data');
      };
      socket.write(
        `POST /api/v1/documents HTTP/1.1\r\n${head}content-type: ${FORM_TYPE}\r\ncontent-length: ${body.length}\r\n\r\n`,
      );
      socket.write(body.subarray(0, 1.5 * MB));
      await until('document-too-large');
      expect(seen).toMatch(/^HTTP\/1\.1 413 /);
      seen = '';
      socket.write(body.subarray(1.5 * MB));
      socket.write(`GET /api/v1/documents HTTP/1.1\r\n${head}\r\n`);
      await until('"total":0');
      expect(seen).toMatch(/^HTTP\/1\.1 200 /);
      socket.destroy();
    },
  );
});

describe('a quota', () => {
  test('bounds what a user stores, also when uploads come together', async () => {
    const own = await testApp({ env: { USER_QUOTA_MB: '1' } });
    const user = await registerUser(own);
    const half = (n: number) =>
      sendForm(own, user, [{ filename: 'a', content: Buffer.alloc(0.4 * MB, String(n)) }]);
    const answers = await Promise.all([1, 2, 3, 4].map(half));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([202, 202, 413, 413]);
    const refused = answers.find(({ statusCode }) => statusCode === 413);
    expect(refused?.json().type).toBe('urn:ka:error:quota-exceeded');
    expect(storedFiles(own)).toHaveLength(2);
    expect((await sendForm(own, user, [{ filename: 'b', content: Buffer.alloc(MB) }])).json().type).toBe(
      'urn:ka:error:quota-exceeded',
    );
  });

  test("of a user's own goes before the common one", async () => {
    const own = await testApp({ env: { USER_QUOTA_MB: '1' } });
    const user = await registerUser(own);
    const setQuota = (quota_mb: number) =>
      own.db.updateTable('users').set({ quota_mb }).where('id', '=', user.id).execute();
    await setQuota(0);
    expect((await sendForm(own, user, [{ filename: 'a', content: 'x' }])).statusCode).toBe(413);
    await setQuota(5);
    expect((await sendForm(own, user, [{ filename: 'a', content: Buffer.alloc(2 * MB) }])).statusCode).toBe(
      202,
    );
  });
});

describe('a batch', () => {
  const url = '/api/v1/documents/batch';

  test('takes the good files under one task and says what is wrong with the others', async () => {
    const known = await uploadText(app, ann, 'known before the batch');
    const before = storedFiles(app).length;
    const response = await sendForm(
      app,
      ann,
      [
        { filename: 'one.txt', content: 'batch one' },
        { filename: '../big.bin', content: Buffer.alloc(MB + 1) },
        { filename: 'known.txt', content: 'known before the batch' },
        { filename: 'empty.txt', content: '' },
        { filename: 'two.txt', content: 'batch two' },
        { field: 'tags', value: 'batch' },
      ],
      { url: `${url}?note=private` },
    );
    expect(response.statusCode).toBe(202);
    expect(response.body).not.toContain('private');
    const { documents, rejected, status, taskId } = response.json();
    expect(status).toBe('processing');
    expect(documents).toMatchObject([
      { filename: 'one.txt', tags: ['batch'] },
      { id: known.id },
      { filename: 'two.txt' },
    ]);
    expect(rejected).toMatchObject([
      { filename: 'big.bin', problem: { type: 'urn:ka:error:document-too-large', status: 413 } },
      { filename: 'empty.txt', problem: { type: 'urn:ka:error:file-empty' } },
    ]);
    const task = (await app.call(ann, `GET /api/v1/tasks/${taskId}`)).json();
    expect(task.items.map(({ filename }: { filename: string }) => filename)).toEqual(['one.txt', 'two.txt']);
    expect(storedFiles(app)).toHaveLength(before + 2);
  });

  test('of nothing new is completed, and one of nothing good too', async () => {
    await uploadText(app, ann, 'again and again');
    const again = await sendForm(app, ann, [{ filename: 'a', content: 'again and again' }], { url });
    expect(again.json()).toMatchObject({ status: 'completed', documents: [{}], rejected: [] });
    expect((await app.call(ann, `GET /api/v1/tasks/${again.json().taskId}`)).statusCode).toBe(200);
    const bad = await sendForm(app, ann, [{ filename: 'a', content: '' }], { url });
    expect(bad.json()).toMatchObject({ status: 'completed', documents: [], rejected: [{ filename: 'a' }] });
    const task = await app.call(ann, `GET /api/v1/tasks/${bad.json().taskId}`);
    expect(task.json()).toMatchObject({ status: 'completed', items: [], finishedAt: expect.any(String) });
  });

  test('of the same bytes twice makes one document', async () => {
    const twice = [
      { filename: 'a', content: 'twice' },
      { filename: 'b', content: 'twice' },
    ];
    const before = storedFiles(app).length;
    const { documents } = (await sendForm(app, ann, twice, { url })).json();
    expect(documents[0].id).toBe(documents[1].id);
    expect(storedFiles(app)).toHaveLength(before + 1);
  });

  test.each([
    [
      'too many files',
      Array.from({ length: 6 }, (_, n) => ({ filename: `${n}`, content: `many ${n}` })),
      413,
    ],
    ['no file', [{ field: 'tags', value: 'x' }], 400],
    [
      'tags that are not valid',
      [
        { filename: 'a', content: 'bad tags' },
        { field: 'tags', value: 'x'.repeat(51) },
      ],
      400,
    ],
    [
      'a foreign collection',
      [
        { filename: 'a', content: 'foreign batch' },
        { field: 'collectionId', value: 'nothing' },
      ],
      404,
    ],
  ])('with %s is refused whole and leaves nothing', async (_, parts, status) => {
    const before = storedFiles(app);
    expect((await sendForm(app, ann, parts as never, { url })).statusCode).toBe(status);
    expect(storedFiles(app)).toEqual(before);
  });
});

describe('a page by its address', () => {
  test.each([
    'http://127.0.0.1/',
    'http://[::1]:8000/',
    'http://169.254.169.254/latest/',
    'file:///etc/passwd',
    'x',
  ])('%s may not be fetched', async (url) => {
    const response = await app.call(ann, 'POST /api/v1/documents/url', { url });
    expect([response.statusCode, response.json().type]).toEqual([400, 'urn:ka:error:url-not-allowed']);
  });

  test('becomes a document with the title that it gives itself; fetched again unchanged, it is the same one', async () => {
    const site = createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/docs/G%C3%BCde?x=1' }).end();
      else if (request.url === '/large')
        response.setHeader('content-type', 'text/html').end(Buffer.alloc(MB + 1, 'x'));
      else if (request.url === '/picture') response.setHeader('content-type', 'image/png').end('x');
      else
        response
          .setHeader('content-type', 'text/html; charset=utf-8')
          .end('<title>The\nGuide</title><p>text');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void site.close());
    await once(site, 'listening');
    const { port } = site.address() as AddressInfo;
    const fetchGuard = { resolve: async () => ['127.0.0.1'], isAllowed: () => true, timeoutMs: 5000 };
    const own = await testApp({ services: { fetchGuard }, env: { MAX_UPLOAD_MB: '1' } });
    const user = await registerUser(own);
    const get = (path: string) =>
      own.call(user, 'POST /api/v1/documents/url', { url: `http://site.test:${port}${path}` });
    const first = await get('/moved');
    expect(first.statusCode).toBe(202);
    expect(first.json()).toMatchObject({
      document: {
        title: 'The Guide',
        filename: 'Güde.html',
        mimeType: 'text/html',
        collectionId: user.collectionId,
      },
      taskId: expect.any(String),
    });
    const again = await get('/moved');
    expect([again.statusCode, again.json().document.id]).toEqual([200, first.json().document.id]);
    expect((await get('/large')).json().type).toBe('urn:ka:error:document-too-large');
    expect((await get('/picture')).json().type).toBe('urn:ka:error:unsupported-format');
    expect(storedFiles(own)).toHaveLength(1);
  });

  test('is not fetched into a foreign collection', async () => {
    const body = { url: 'http://127.0.0.1/', collectionId: ann.collectionId };
    expect((await app.call(bob, 'POST /api/v1/documents/url', body)).statusCode).toBe(404);
  });
});
