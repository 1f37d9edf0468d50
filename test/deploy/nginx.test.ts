import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { measureNginxMemory } from '../../bench/lib/nginx-memory.ts';
import { registerClient } from '../../bench/lib/server.ts';
import { problem } from '../../src/contract/common.ts';
import { describeWith } from '../support/needs.ts';
import { type Nginx, startNginx, testConfig } from '../support/nginx.ts';
import { openReplica, type Replica } from '../support/replica.ts';

const WEB_DIR = join(import.meta.dirname, '..', '..', 'dist', 'web');
const MB = 1024 * 1024;

interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** As it is on the wire: nothing unpacked, nothing joined. */
async function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
  body?: Buffer | string,
): Promise<Seen> {
  const sent = httpRequest(url, { method, headers, agent: false });
  const { promise, resolve, reject } = Promise.withResolvers<Seen>();
  sent.on('response', (response) => {
    buffer(response).then((bytes) => {
      const all: Record<string, string | string[] | undefined> = {};
      for (const [name, values] of Object.entries(response.headersDistinct))
        all[name] = values?.length === 1 ? values[0] : values;
      resolve({ status: response.statusCode ?? 0, headers: all, body: bytes });
    }, reject);
  });
  sent.on('error', reject);
  sent.end(body);
  return await promise;
}

const SAME = [
  'content-type',
  'content-encoding',
  'content-security-policy',
  'x-content-type-options',
  'referrer-policy',
  'cross-origin-resource-policy',
  'cache-control',
] as const;

const alike = ({ status, headers }: Seen) => ({
  status,
  ...Object.fromEntries(SAME.map((name) => [name, headers[name]])),
});

describeWith('nginx', 'nginx in front of the API', (path) => {
  let replica: Replica;
  let nginx: Nginx;
  let dataDir: string;
  const servers = () => new URL(replica.url).host;
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'ka-behind-nginx-'));
    replica = await openReplica({ DATA_DIR: dataDir, TRUST_PROXY: 'true' });
    nginx = await startNginx(path, { API_SERVERS: servers(), WEB_DIR, MAX_UPLOAD_MB: '2' });
  });
  afterAll(async () => {
    await nginx.close();
    await replica.close();
    rmSync(dataDir, { recursive: true });
  });

  test('takes its configuration without a warning, with the module for brotli and without', () => {
    for (const BROTLI_MODULE of ['', 'off']) {
      const { status, said } = testConfig(path, {
        BROTLI_MODULE,
        WEB_DIR,
        API_SERVERS: 'localhost:1 127.0.0.1:2',
      });
      expect(said).not.toMatch(/warn|emerg/);
      expect(status).toBe(0);
    }
  });

  test.each([
    [{ API_SERVERS: 'api:8000;} evil' }, 'API_SERVERS must list host:port'],
    [{ API_SERVERS: 'api' }, 'API_SERVERS must list host:port'],
    [{ API_SERVERS: ' ' }, 'API_SERVERS must list at least one host:port'],
    [{ MAX_UPLOAD_MB: '5 m' }, 'MAX_UPLOAD_MB must be a whole number above 0'],
    [{ WEB_DIR: '/a;b' }, 'WEB_DIR, RUN_DIR and BROTLI_MODULE must be plain paths'],
  ])('refuses %j', (env, message) => {
    const { status, said } = testConfig(path, env);
    expect(said).toContain(message);
    expect(status).toBe(2);
  });

  const script = `/assets/${globSync('assets/*.js.br', { cwd: WEB_DIR })[0]?.slice('assets/'.length, -3)}`;
  const html = { accept: 'text/html,*/*' };
  test.each<[string, Record<string, string>]>([
    ['/', html],
    ['/', {}],
    ['/', { ...html, 'accept-encoding': 'br' }],
    ['/', { ...html, 'accept-encoding': 'gzip' }],
    ['/library/0199aaaa?page=2', html],
    ['/icon.svg', {}],
    ['/index.html', {}],
    [script, {}],
    [script, { 'accept-encoding': 'gzip' }],
    [script, { 'accept-encoding': 'gzip, br' }],
    ['/assets/missing.js', {}],
    ['/nothing', { accept: 'application/json' }],
    ['/metrics', html],
    ['/health', {}],
    ['/openapi.json', {}],
    ['/docs', html],
    ['/api/v1/config', {}],
    ['/api/v1/me', {}],
    ['/api/v1/nothing', html],
  ])('answers GET %s %j as the API itself does, with the same headers', async (address, headers) => {
    const [direct, through] = [
      await ask(replica.url + address, headers),
      await ask(nginx.url + address, headers),
    ];
    expect(alike(through)).toEqual(alike(direct));
    if (direct.headers['vary'] !== undefined)
      expect(String(through.headers['vary']).toLowerCase()).toContain('accept-encoding');
    if (!address.startsWith('/assets/missing') && direct.status === 200 && address !== '/health')
      expect(through.body.equals(direct.body)).toBe(true);
    expect(through.headers['x-request-id']).toMatch(/^[\w.:-]{1,64}$/);
  });

  test('a POST to an address of the app is the API’s to refuse', async () => {
    const [direct, through] = [
      await ask(`${replica.url}/library`, html, 'POST'),
      await ask(`${nginx.url}/library`, html, 'POST'),
    ];
    expect(alike(through)).toEqual(alike(direct));
  });

  test('a sane id of the client is kept, and the log names the request without its query', async () => {
    const seen = await ask(`${nginx.url}/api/v1/config?q=private`, { 'x-request-id': 'a-sane-one' });
    expect(seen.headers['x-request-id']).toBe('a-sane-one');
    const line = nginx.said().match(/^.*a-sane-one.*$/m)?.[0] ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ path: '/api/v1/config', status: 200, upstream: servers() });
    expect(line).not.toContain('private');
  });

  test('nobody becomes the loopback by coming through nginx', async () => {
    for (const claimed of [{}, { 'x-forwarded-for': '127.0.0.1' }])
      expect((await ask(`${nginx.url}/health/detailed`, claimed)).status).toBe(401);
  });

  const problemOf = ({ status, headers, body }: Seen) => {
    expect(headers['content-type']).toBe('application/problem+json');
    expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    const told = problem.parse(JSON.parse(body.toString()));
    expect(told.status).toBe(status);
    expect(told.requestId).toBe(headers['x-request-id']);
    return told;
  };

  test('bodies above the limits are refused before they are sent, each with what is allowed', async () => {
    const over = (address: string, bytes: number) =>
      ask(
        nginx.url + address,
        { 'content-length': String(bytes), connection: 'close' },
        'POST',
        Buffer.alloc(bytes),
      );
    expect(problemOf(await over('/api/v1/search', MB + 1))).toMatchObject({
      type: 'urn:ka:error:body-too-large',
      instance: '/api/v1/search',
    });
    expect(problemOf(await over('/api/v1/documents?x="', 3 * MB + 1))).toMatchObject({
      type: 'urn:ka:error:document-too-large',
      detail: 'A file may have at most 2 MB.',
      instance: '/api/v1/documents',
    });
  });

  test('a file of the limit gets through, and its stream of events comes as it is made', async () => {
    const client = await registerClient(nginx.url);
    const { taskId } = await client.upload([
      { name: 'large.txt', bytes: Buffer.alloc(2 * MB - 10, 'word ') },
    ]);
    const response = await fetch(`${nginx.url}/api/v1/events`, {
      headers: { authorization: `Bearer ${client.token}` },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    // it never ends by itself: what is read here was not kept back
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).value?.length).toBeGreaterThan(0);
    await reader.cancel();
    expect((await client.finished(taskId)).status).toBe('completed');
  });

  test('it takes less than 64 MB with the web app served to 1,000 requests', async () => {
    const { rssBytes, workers, failed } = await measureNginxMemory(path, servers());
    expect(failed).toBe(0);
    expect(workers).toBeGreaterThan(0);
    expect(rssBytes).toBeLessThan(64 * MB);
  });

  test('a flood from one address is held off with a time to come back', async () => {
    const strict = await startNginx(path, {
      API_SERVERS: servers(),
      WEB_DIR,
      RATE_PER_SECOND: '1',
      RATE_BURST: '3',
    });
    try {
      const all = await Promise.all(Array.from({ length: 30 }, () => ask(`${strict.url}/api/v1/config`)));
      const held = all.filter(({ status }) => status === 429);
      expect(all.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(4);
      expect(held.length).toBeGreaterThan(0);
      const [first] = held as [Seen];
      expect(problemOf(first).type).toBe('urn:ka:error:rate-limited');
      expect(first.headers['retry-after']).toBe('1');
    } finally {
      await strict.close();
    }
  });

  test('without files of the web app it comes from the API', async () => {
    const bare = await startNginx(path, { API_SERVERS: servers() });
    try {
      for (const address of ['/', '/index.html', '/library/1', script]) {
        const [direct, through] = [
          await ask(replica.url + address, html),
          await ask(bare.url + address, html),
        ];
        expect(alike(through)).toEqual(alike(direct));
        expect(through.body.equals(direct.body)).toBe(true);
      }
    } finally {
      await bare.close();
    }
  });

  test('without an API process the app still loads, and requests are told to come back', async () => {
    const alone = await startNginx(path, { API_SERVERS: '127.0.0.1:1', WEB_DIR });
    try {
      expect((await ask(`${alone.url}/`, html)).status).toBe(200);
      for (const method of ['GET', 'POST', 'DELETE']) {
        const refused = await ask(`${alone.url}/api/v1/documents`, {}, method);
        expect(refused.status).toBe(503);
        expect(problemOf(refused).type).toBe('urn:ka:error:upstream-unavailable');
        expect(refused.headers['retry-after']).toBe('2');
      }
    } finally {
      await alone.close();
    }
  });
});
