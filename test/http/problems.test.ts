import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { UpstreamError } from '../../src/server/errors.ts';
import {
  fakeAnswering,
  registerUser,
  startTestApp,
  type TestApp,
  type TestUser,
  testApp,
} from '../support/http.ts';

let app: TestApp;
let user: TestUser;
beforeAll(async () => {
  app = await startTestApp({ env: { CORS_ORIGINS: 'https://friend.example.org' } });
  user = await registerUser(app);
});
afterAll(() => app.close());

const problem = (status: number, slug: string) => ({
  status,
  type: `urn:ka:error:${slug}`,
  title: expect.any(String),
  detail: expect.any(String),
  instance: expect.stringMatching(/^\//),
  requestId: expect.any(String),
});

test('every fault of a request is a problem of its own kind', async () => {
  const raw = (payload: string | Buffer, headers: Record<string, string>) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/collections?secret=1',
      payload,
      headers: { authorization: `Bearer ${user.token}`, ...headers },
    });
  const json = { 'content-type': 'application/json' };
  const cases = [
    [await app.call(user, 'GET /api/v1/nothing'), problem(404, 'not-found')],
    [await app.call(user, 'GET /nothing'), problem(404, 'not-found')],
    [await app.call(user, 'PUT /api/v1/me'), problem(405, 'method-not-allowed')],
    [await raw('{"name":', json), problem(400, 'malformed-body')],
    [await raw('{"__proto__":{"a":1},"name":"x"}', json), problem(400, 'malformed-body')],
    [await raw(Buffer.from('{"name":"caf\xe9"}', 'latin1'), json), problem(400, 'malformed-body')],
    [await raw('', json), problem(400, 'validation')],
    [await raw('<a/>', { 'content-type': 'text/xml' }), problem(415, 'unsupported-media-type')],
    [await raw(JSON.stringify({ name: 'x'.repeat(1_100_000) }), json), problem(413, 'body-too-large')],
    [await raw('{"name":"x","extra":1}', json), problem(400, 'validation')],
    [await app.call(user, 'GET /api/v1/collections?limit=0'), problem(400, 'validation')],
    [await app.call(user, 'GET /api/v1/%E0%A4%A'), problem(400, 'validation')],
    [await app.call(undefined, 'GET /api/v1/me'), problem(401, 'unauthenticated')],
  ] as const;
  for (const [answer, expected] of cases) {
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject(expected);
    expect(answer.statusCode).toBe(expected.status);
    expect(answer.headers['x-request-id']).toBe(answer.json().requestId);
    expect(answer.body).not.toContain('secret');
  }
  expect((await app.call(user, 'PUT /api/v1/me')).headers['allow']).toBe('GET, HEAD, PATCH, DELETE');
});

test('a fault of ours is masked, logged under the id that the client sees, and a silent service is a 503', async () => {
  const faults = [
    new Error('SQLITE: no such table /home/secret'),
    new UpstreamError('qdrant', 'http://10.0.0.7 refused', { retryable: true }),
  ];
  const own = await testApp({
    services: {
      answering: {
        ...fakeAnswering,
        search: async () => {
          throw faults.shift();
        },
      },
    },
  });
  const who = await registerUser(own);
  const broken = await own.call(who, 'POST /api/v1/search', { query: 'x' });
  expect(broken.json()).toMatchObject(problem(500, 'internal'));
  expect(broken.body).not.toMatch(/SQLITE|secret/);
  const line = own.logged.find((entry) => entry['event'] === 'request failed');
  expect(line).toMatchObject({
    requestId: broken.json().requestId,
    route: '/api/v1/search',
    error: { message: expect.stringContaining('SQLITE') },
  });
  const silent = await own.call(who, 'POST /api/v1/search', { query: 'x' });
  expect(silent.json()).toMatchObject(problem(503, 'upstream-unavailable'));
  expect(silent.headers['retry-after']).toBe('5');
  expect(silent.body).not.toContain('10.0.0.7');
});

test('every answer has an id, a timing and the security headers', async () => {
  const sane = await app.call(user, 'GET /api/v1/me', undefined, { 'x-request-id': 'trace-1.a:b_c' });
  expect(sane.headers).toMatchObject({
    'x-request-id': 'trace-1.a:b_c',
    'server-timing': expect.stringMatching(/^total;dur=[\d.]+$/),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
  });
  for (const id of ['two words', 'x'.repeat(65), '<script>']) {
    const answer = await app.call(user, 'GET /api/v1/nothing', undefined, { 'x-request-id': id });
    expect(answer.headers['x-request-id']).not.toBe(id);
    expect(answer.headers['server-timing']).toBeDefined();
  }
});

test('only listed origins may call from their pages', async () => {
  const preflight = (origin: string) =>
    app.inject({
      method: 'OPTIONS',
      url: '/api/v1/me',
      headers: { origin, 'access-control-request-method': 'PATCH' },
    });
  const friend = await preflight('https://friend.example.org');
  expect(friend.statusCode).toBe(204);
  expect(friend.headers['access-control-allow-origin']).toBe('https://friend.example.org');
  const evil = await preflight('https://evil.example.org');
  expect(evil.headers['access-control-allow-origin']).toBeUndefined();
  const read = await app.call(user, 'GET /api/v1/me', undefined, { origin: 'https://friend.example.org' });
  expect(read.headers).toMatchObject({
    'access-control-allow-origin': 'https://friend.example.org',
    vary: 'origin',
  });
});

test('the rate limit is counted for each user, and for the address where there is none', async () => {
  const own = await testApp({ env: { RATE_LIMIT_PER_MINUTE: '5' } });
  const one = await registerUser(own);
  const answers = [];
  for (let n = 0; n < 6; n++) answers.push(await own.call(one, 'GET /api/v1/me'));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 429, 429]);
  expect(answers[5]?.json()).toMatchObject(problem(429, 'rate-limited'));
  expect(Number(answers[5]?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  for (let n = 0; n < 8; n++) expect((await own.inject({ url: '/health' })).statusCode).toBe(200);
  const guesses = [];
  for (let n = 0; n < 6; n++)
    guesses.push((await own.call({ token: 'ka_guess' }, 'GET /api/v1/me')).statusCode);
  expect(guesses).toEqual([401, 401, 401, 401, 429, 429]);
});

test('behind a proxy the address is the one that the proxy saw, whatever the client claims', async () => {
  const own = await testApp({ env: { RATE_LIMIT_PER_MINUTE: '2', TRUST_PROXY: 'true' } });
  const ask = (forwarded: string) =>
    own.call(undefined, 'GET /api/v1/config', undefined, { 'x-forwarded-for': forwarded });
  const claims = [
    await ask('1.1.1.1, 10.0.0.9'),
    await ask('2.2.2.2, 10.0.0.9'),
    await ask('3.3.3.3, 10.0.0.9'),
  ];
  expect(claims.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429]);
  expect((await ask('1.1.1.1, 10.0.0.8')).statusCode).toBe(200);
});

test('a mutation under an idempotency key is done once', async () => {
  const create = (name: string, key = 'key-1', who = user) =>
    app.call(who, 'POST /api/v1/collections', { name }, { 'idempotency-key': key });
  const count = async () => (await app.call(user, 'GET /api/v1/collections')).json().total;
  const before = await count();
  const first = await create('Once');
  const second = await create('Once');
  expect([first.statusCode, second.statusCode]).toEqual([201, 201]);
  expect(second.json()).toEqual(first.json());
  expect(second.headers['idempotency-replayed']).toBe('true');
  expect(await count()).toBe(before + 1);
  expect((await create('Other')).json()).toMatchObject(problem(409, 'idempotency-conflict'));
  expect((await create('Other', 'spaces are bad')).json()).toMatchObject(problem(400, 'validation'));
  const stranger = await registerUser(app);
  expect((await create('Once', 'key-1', stranger)).json().id).not.toBe(first.json().id);

  const { id } = first.json();
  const remove = () =>
    app.call(user, `DELETE /api/v1/collections/${id}`, undefined, { 'idempotency-key': 'key-2' });
  expect([(await remove()).statusCode, (await remove()).statusCode]).toEqual([204, 204]);
});

test('of requests at the same time under one key one is done, and one that failed may be repeated', async () => {
  const create = (body: unknown, key: string) =>
    app.call(user, 'POST /api/v1/collections', body, { 'idempotency-key': key });
  const answers = await Promise.all([1, 2, 3, 4].map(() => create({ name: 'Race' }, 'race')));
  const statuses = answers.map(({ statusCode }) => statusCode);
  expect(new Set(answers.filter((a) => a.statusCode === 201).map((a) => a.json().id)).size).toBe(1);
  expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);

  const missing = () =>
    app.call(user, 'PATCH /api/v1/collections/none', { name: 'x' }, { 'idempotency-key': 'again' });
  expect([(await missing()).statusCode, (await missing()).statusCode]).toEqual([404, 404]);
});

test('an idempotency key does not keep a secret', async () => {
  const create = () =>
    app.call(user, 'POST /api/v1/api-keys', { name: 'k' }, { 'idempotency-key': 'secret' });
  const { key } = (await create()).json();
  expect((await create()).json()).toMatchObject(problem(409, 'conflict'));
  expect(JSON.stringify(await app.db.selectFrom('idempotency_keys').selectAll().execute())).not.toContain(
    key,
  );
});

test('a stored answer is forgotten after a day', async () => {
  const create = () =>
    app.call(user, 'POST /api/v1/collections', { name: 'Daily' }, { 'idempotency-key': 'daily' });
  const first = await create();
  const old = new Date(Date.now() - 25 * 3600_000).toISOString();
  await app.db.updateTable('idempotency_keys').set({ created_at: old }).execute();
  const next = await create();
  expect(next.statusCode).toBe(201);
  expect(next.json().id).not.toBe(first.json().id);
});

test('what is no HTTP gets a problem too', async () => {
  const own = await testApp({ env: { PORT: '0' } });
  const url = new URL(await own.server.listen());
  const socket = createConnection(Number(url.port), url.hostname);
  socket.end('NONSENSE\r\n\r\n');
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] as string)).toMatchObject({
    status: 400,
    requestId: expect.any(String),
  });
});

test('draining lets running requests end and takes no new ones', async () => {
  const running = Promise.withResolvers<void>();
  const may = Promise.withResolvers<void>();
  const own = await testApp({
    env: { PORT: '0' },
    services: {
      answering: {
        ...fakeAnswering,
        search: async (...given) => {
          running.resolve();
          await may.promise;
          return fakeAnswering.search(...given);
        },
      },
    },
  });
  const who = await registerUser(own);
  const url = await own.server.listen();
  const slow = fetch(`${url}/api/v1/search`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/json' },
    body: '{"query":"x"}',
  });
  await running.promise;
  const drained = own.server.drain();
  expect(own.server.app.draining.aborted).toBe(true);
  await vi.waitFor(() => expect(own.server.app.server.listening).toBe(false));
  await expect(fetch(`${url}/health`)).rejects.toThrow();
  may.resolve();
  const answer = await slow;
  expect(answer.status).toBe(200);
  expect(answer.headers.get('connection')).toBe('close');
  await drained;
});

test('draining cuts what does not end', async () => {
  const running = Promise.withResolvers<void>();
  const own = await testApp({
    env: { PORT: '0' },
    services: {
      answering: {
        ...fakeAnswering,
        search: () => {
          running.resolve();
          return new Promise(() => {});
        },
      },
    },
  });
  const who = await registerUser(own);
  const url = await own.server.listen();
  const endless = fetch(`${url}/api/v1/search`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/json' },
    body: '{"query":"x"}',
  });
  const cut = expect(endless).rejects.toThrow();
  await running.promise;
  await own.server.drain(50);
  await cut;
});

test('an upload under an idempotency key is taken once', async () => {
  const upload = (text: string) => {
    const body = `--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${text}\r\n--b--\r\n`;
    return app.inject({
      method: 'POST',
      url: '/api/v1/documents',
      payload: body,
      headers: {
        authorization: `Bearer ${user.token}`,
        'content-type': 'multipart/form-data; boundary=b',
        'content-length': String(body.length),
        'idempotency-key': 'upload',
      },
    });
  };
  const [first, again, longer] = [await upload('one'), await upload('one'), await upload('another')];
  expect([first.statusCode, again.statusCode, longer.statusCode]).toEqual([202, 202, 409]);
  expect(again.json()).toEqual(first.json());
  expect(longer.json()).toMatchObject(problem(409, 'idempotency-conflict'));
});
