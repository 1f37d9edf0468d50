import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { detailedHealth } from '../../src/contract/system.ts';
import { checkHealth } from '../../src/server/http/health-checks.ts';
import { createMetricsServer } from '../../src/server/http/metrics-server.ts';
import type { Services } from '../../src/server/http/services.ts';
import { registerUser, testApp } from '../support/http.ts';
import { parsePrometheus } from '../support/prometheus.ts';

const well = async () => undefined;
const probes: Services['health']['probes'] = {
  database: well,
  vectors: well,
  cache: well,
  queue: well,
  storage: well,
  embeddings: well,
  llm: well,
};
const broken = async () => {
  throw new Error('ENOENT /home/secret');
};

test('liveness asks nothing, and readiness waits for the start', async () => {
  let started = false;
  const app = await testApp({ services: { health: { started: () => started, probes } } });
  expect((await app.inject({ url: '/health' })).json()).toMatchObject({
    status: 'healthy',
    version: '0.0.0-test',
  });
  const starting = await app.inject({ url: '/health/ready' });
  expect([starting.statusCode, starting.json()]).toEqual([503, { status: 'starting' }]);
  expect(starting.headers['retry-after']).toBeDefined();
  started = true;
  const ready = await app.inject({ url: '/health/ready' });
  expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ready' }]);
  await app.server.drain();
  expect((await app.inject({ url: '/health/ready' }).catch(() => undefined))?.statusCode ?? 503).toBe(503);
});

test('the details show every dependency and the machine, to administrators and to this machine only', async () => {
  const app = await testApp({
    services: { health: { started: () => true, probes } },
  });
  const admin = await registerUser(app);
  const user = await registerUser(app);
  const from = (remoteAddress: string, headers: Record<string, string> = {}) =>
    app.inject({ url: '/health/detailed', remoteAddress, headers });
  const local = await from('127.0.0.1');
  expect(local.statusCode).toBe(200);
  const report = detailedHealth.parse(local.json());
  expect(report.status).toBe('healthy');
  expect(report.metrics.rssBytes).toBeGreaterThan(1_000_000);
  expect((await from('10.0.0.7')).statusCode).toBe(401);
  expect((await from('127.0.0.1', { 'x-forwarded-for': '10.0.0.7' })).statusCode).toBe(401);
  expect((await from('10.0.0.7', { authorization: `Bearer ${user.token}` })).statusCode).toBe(403);
  expect((await from('10.0.0.7', { authorization: `Bearer ${admin.token}` })).statusCode).toBe(200);
  for (const [scope, status] of [
    ['read', 200],
    ['write', 403],
  ] as const) {
    const made = await app.call(admin, 'POST /api/v1/api-keys', { name: scope, scopes: [scope] });
    const answer = await from('10.0.0.7', { authorization: `Bearer ${made.json().key}` });
    expect(answer.statusCode, scope).toBe(status);
  }
});

test('guesses at the details are counted, probes of this machine are not', async () => {
  const app = await testApp({ env: { RATE_LIMIT_PER_MINUTE: '3' } });
  const statuses = async (remoteAddress: string) => {
    const seen = [];
    for (let i = 0; i < 5; i++)
      seen.push((await app.inject({ url: '/health/detailed', remoteAddress })).statusCode);
    return seen;
  };
  expect(await statuses('10.0.0.7')).toEqual([401, 401, 401, 429, 429]);
  expect(await statuses('127.0.0.1')).toEqual([200, 200, 200, 200, 200]);
});

test('a missing essential makes it unhealthy, another one degraded, and reasons hide what is inside', async () => {
  expect(await checkHealth({ ...probes, llm: broken })).toMatchObject({
    status: 'degraded',
    checks: { llm: { status: 'unhealthy', detail: 'does not answer' }, database: { status: 'healthy' } },
  });
  expect(
    (await checkHealth({ ...probes, cache: async () => ({ status: 'degraded', detail: 'slow' }) })).status,
  ).toBe('degraded');
  expect((await checkHealth({ ...probes, storage: broken })).status).toBe('unhealthy');
  const silent = await checkHealth({ ...probes, embeddings: () => new Promise(() => {}) }, 10);
  expect(silent.checks.embeddings).toMatchObject({ status: 'unhealthy', detail: 'no answer within 10 ms' });

  const app = await testApp({
    services: { health: { started: () => true, probes: { ...probes, database: broken } } },
  });
  const answer = await app.inject({ url: '/health/detailed' });
  expect([answer.statusCode, answer.json().status]).toEqual([503, 'unhealthy']);
  expect(answer.body).not.toContain('secret');
});

test('what a client must know needs no sign-in', async () => {
  const app = await testApp({ env: { MAX_UPLOAD_MB: '7' } });
  expect((await app.call(undefined, 'GET /api/v1/config')).json()).toEqual({
    version: '0.0.0-test',
    registrationEnabled: true,
    maxUploadMb: 7,
    maxBatchFiles: 100,
    formats: [{ mimeType: 'text/plain', extensions: ['txt'] }],
    models: ['extractive'],
  });
});

test('the API describes itself, and the page for it runs no foreign script', async () => {
  const app = await testApp();
  const { openapi, paths } = (await app.inject({ url: '/openapi.json' })).json();
  expect(openapi).toBe('3.1.0');
  expect(paths['/api/v1/collections/{id}'].patch).toMatchObject({
    parameters: [{ name: 'id', in: 'path', required: true }],
    requestBody: {
      content: { 'application/json': { schema: { properties: { name: { type: 'string' } } } } },
    },
    security: [{ bearer: [] }],
  });
  expect(paths['/api/v1/documents'].post.requestBody.content).toHaveProperty(['multipart/form-data']);
  expect(paths).not.toHaveProperty(['/docs']);
  const page = await app.inject({ url: '/docs' });
  expect(page.headers['content-security-policy']).toContain("script-src 'self'");
  expect(page.body).not.toMatch(/https?:\/\/|<script>|style=|onclick/);
  for (const url of ['/docs/page.js', '/docs/page.css'])
    expect((await app.inject({ url })).statusCode).toBe(200);
});

test('the metrics port shows what was counted, and nothing else', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  await app.call(user, 'GET /api/v1/me');
  app.services.metrics.stage('embed').record(12);
  await app.services.cache.set('a', 1, 1000);
  await app.services.cache.get('a');
  const server = createMetricsServer(app.services.metrics);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('ka_http_request_duration_seconds_count{route="GET /api/v1/me"} 1\n');
  expect(text).toContain('ka_stage_duration_seconds_bucket{stage="embed",le="0.016"} 1\n');
  expect(text).toContain('# TYPE ka_event_loop_lag_seconds gauge\n');
  expect(text).toContain('ka_cache_hits_total 1\n');
  const answers = parsePrometheus(text).get('ka_http_responses_total')?.samples;
  expect(answers?.find(({ labels }) => labels['class'] === '2xx')?.value).toBeGreaterThanOrEqual(1);
  expect((await fetch(`${url}/api/v1/me`)).status).toBe(404);
});

test('the built web app is served with its policy, and its addresses lead to its page', async () => {
  const webDir = mkdtempSync(join(tmpdir(), 'ka-web-'));
  onTestFinished(() => rmSync(webDir, { recursive: true }));
  mkdirSync(join(webDir, 'assets'));
  writeFileSync(join(webDir, 'index.html'), '<!doctype html><title>app</title>');
  writeFileSync(join(webDir, 'assets', 'main-1a2b.js'), 'plain()');
  writeFileSync(join(webDir, 'assets', 'main-1a2b.js.br'), 'brotli');
  const app = await testApp({ services: { webDir } });
  const html = { accept: 'text/html,*/*' };
  for (const url of ['/', '/library/documents?x=1', '/index.html']) {
    const page = await app.inject({ url, headers: html });
    expect(page.statusCode).toBe(200);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self'/);
    expect(page.headers['content-security-policy']).not.toContain('unsafe-inline');
    const etag = page.headers.etag as string;
    // a proxy that packs the page makes the tag a weak one
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`])
      expect((await app.inject({ url, headers: { ...html, 'if-none-match': known } })).statusCode).toBe(304);
  }
  const asset = await app.inject({ url: '/assets/main-1a2b.js' });
  expect(asset.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
  });
  expect(asset.body).toBe('plain()');
  const small = await app.inject({ url: '/assets/main-1a2b.js', headers: { 'accept-encoding': 'gzip, br' } });
  expect([small.body, small.headers['content-encoding']]).toEqual(['brotli', 'br']);
  // a worker obeys the policy of its own file
  expect(asset.headers['content-security-policy']).toMatch(
    /script-src 'self' 'wasm-unsafe-eval';.*connect-src 'self';/,
  );
  const unwanted = 'br;q=0, gzip';
  const plain = await app.inject({ url: '/assets/main-1a2b.js', headers: { 'accept-encoding': unwanted } });
  expect([plain.body, plain.headers['content-encoding']]).toEqual(['plain()', undefined]);
  for (const url of ['/assets/none.js', '/api/v1/none', '/assets/..%2f..%2fetc/passwd', '/health/none'])
    expect((await app.inject({ url, headers: html })).json()).toMatchObject({ status: 404 });
  expect((await app.inject({ url: '/library', headers: { accept: 'application/json' } })).statusCode).toBe(
    404,
  );
  expect((await app.inject({ method: 'POST', url: '/library', headers: html })).statusCode).toBe(404);
});

test('a packed file of the web app has a tag of its own, and HEAD says what GET would', async () => {
  const webDir = mkdtempSync(join(tmpdir(), 'ka-web-'));
  onTestFinished(() => rmSync(webDir, { recursive: true }));
  const contents = { '': '<!doctype html>', '.br': 'brotli', '.gz': 'gzipped' };
  for (const [extension, content] of Object.entries(contents))
    writeFileSync(join(webDir, `index.html${extension}`), content);
  const app = await testApp({ env: { PORT: '0' }, services: { webDir } });
  const address = await app.server.listen();
  const tags = new Set<string>();
  for (const [accepted, encoding, content] of [
    ['identity', null, contents['']],
    ['gzip', 'gzip', contents['.gz']],
    ['gzip, br', 'br', contents['.br']],
  ] as const) {
    const headers = { 'accept-encoding': accepted };
    const get = await app.inject({ url: '/', headers });
    const etag = get.headers.etag as string;
    tags.add(etag);
    expect(get.body).toBe(content);
    expect(get.headers).toMatchObject({
      vary: 'accept-encoding',
      'content-length': String(content.length),
      ...(encoding === null ? {} : { 'content-encoding': encoding }),
    });
    const head = await fetch(address, { method: 'HEAD', headers });
    expect([head.status, await head.text()]).toEqual([200, '']);
    for (const name of ['etag', 'vary', 'content-length', 'content-encoding', 'content-type'])
      expect(head.headers.get(name), name).toBe(get.headers[name] ?? null);
    const known = await app.inject({ url: '/', headers: { ...headers, 'if-none-match': etag } });
    expect([known.statusCode, known.body]).toEqual([304, '']);
    expect(known.headers).toMatchObject({ etag, vary: 'accept-encoding', 'cache-control': 'no-cache' });
    expect(known.headers['content-encoding']).toBeUndefined();
    // what was kept packed in another way is not what is asked for now
    for (const other of tags)
      if (other !== etag)
        expect(
          (await app.inject({ url: '/', headers: { ...headers, 'if-none-match': other } })).statusCode,
        ).toBe(200);
  }
  expect(tags.size).toBe(3);
});

test('a file that is there packed only is unpacked for who asks for it as it is', async () => {
  const webDir = mkdtempSync(join(tmpdir(), 'ka-web-'));
  onTestFinished(() => rmSync(webDir, { recursive: true }));
  mkdirSync(join(webDir, 'assets'));
  writeFileSync(join(webDir, 'index.html'), '<!doctype html>');
  writeFileSync(join(webDir, 'assets', 'large-1a2b.js.gz'), gzipSync('large()'));
  writeFileSync(join(webDir, 'assets', 'large-1a2b.js.br'), brotliCompressSync('large()'));
  const app = await testApp({ services: { webDir } });
  const url = '/assets/large-1a2b.js';
  const plain = await app.inject({ url });
  expect([plain.statusCode, plain.body]).toEqual([200, 'large()']);
  expect(plain.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'content-length': '7',
  });
  expect(plain.headers['content-encoding']).toBeUndefined();
  const packed = await app.inject({ url, headers: { 'accept-encoding': 'br, gzip' } });
  expect(packed.headers['content-encoding']).toBe('br');
  expect(brotliDecompressSync(packed.rawPayload).toString()).toBe('large()');
  expect((await app.inject({ url: `${url}.gz` })).statusCode).toBe(404);
});
