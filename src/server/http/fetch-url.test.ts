import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { type FetchGuard, fetchPage } from './fetch-url.ts';
import { isPublicAddress } from './public-address.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const never = new AbortController().signal;

/** A server on loopback; the guard of the tests takes exactly this address for a public one. */
async function serve(listener: RequestListener, address = '127.0.0.1') {
  const server = createServer(listener).listen(0, address);
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
const guard = (addresses: Record<string, readonly string[]> = {}, timeoutMs = 5000): FetchGuard => ({
  resolve: async (host) => addresses[host] ?? ['127.0.0.1'],
  isAllowed: (address) => address === '127.0.0.1',
  timeoutMs,
});
const html: RequestListener = (_, response) =>
  response.setHeader('content-type', 'text/html; charset=ISO-8859-1').end('<title>Hello</title>');

test('a page comes with its type, its character set and its bytes', async () => {
  const port = await serve(html);
  const page = await fetchPage(`http://site.test:${port}/a?b=1#c`, never, guard());
  expect(page).toMatchObject({ mimeType: 'text/html', charset: 'iso-8859-1' });
  expect(await text(page.content)).toBe('<title>Hello</title>');
});

test.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
] as const)('a page in %s is unpacked', async (encoding, compress) => {
  const port = await serve((_, response) =>
    response
      .writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding })
      .end(compress('plain text')),
  );
  expect(await text((await fetchPage(`http://site.test:${port}/`, never, guard())).content)).toBe(
    'plain text',
  );
});

test.each([
  'ftp://site.test/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'gopher://127.0.0.1/',
  'http://user:secret@site.test/',
  'not an address',
  'http://',
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://0x7f.0.0.1/',
  'http://127。0。0。1/',
  'http://0/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[64:ff9b::127.0.0.1]/',
  'http://[2002:7f00:1::]/',
  'http://[fd00:ec2::254]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://100.100.100.200/',
  'http://10.0.0.1/',
  'https://192.168.0.1/',
  'http://localhost/',
  'http://localhost./',
])('%s may not be fetched', async (address) => {
  const asked = { resolve: async () => ['127.0.0.1'], isAllowed: isPublicAddress, timeoutMs: 1000 };
  await expect(fetchPage(address, never, asked)).rejects.toMatchObject({ code: 'URL_NOT_ALLOWED' });
});

test('a name with one inner address among public ones may not be fetched', async () => {
  const asked = guard({ 'mixed.test': ['127.0.0.1', '10.0.0.1'] });
  await expect(fetchPage('http://mixed.test/', never, asked)).rejects.toMatchObject({
    code: 'URL_NOT_ALLOWED',
  });
});

test('a name that changes its address after the check leads to the checked one', async () => {
  const port = await serve(html);
  let answers = 0;
  const rebinding: FetchGuard = {
    ...guard(),
    resolve: async () => [answers++ === 0 ? '127.0.0.1' : '127.0.0.2'],
  };
  const page = await fetchPage(`http://rebind.test:${port}/`, never, rebinding);
  expect(await text(page.content)).toContain('Hello');
  expect(answers).toBe(1);
});

test.each([
  'http://127.0.0.2/',
  'http://inner.test/',
  'http://0x7f000002/',
  '//inner.test/',
  'file:///etc/passwd',
])('a redirect to %s is checked like the first address', async (location) => {
  const inner: string[] = [];
  const innerPort = await serve(
    (request, response) => response.end(inner.push(String(request.url))),
    '127.0.0.2',
  );
  const port = await serve((_, response) =>
    response
      .writeHead(302, {
        location: location.replace(/test\/|2\/$/, (end) => `${end.slice(0, -1)}:${innerPort}/`),
      })
      .end(),
  );
  const asked = guard({ 'inner.test': ['127.0.0.2'] });
  await expect(fetchPage(`http://site.test:${port}/`, never, asked)).rejects.toMatchObject({
    code: 'URL_NOT_ALLOWED',
  });
  expect(inner).toEqual([]);
});

test('redirects are followed, relative ones too, but not for ever', async () => {
  const port = await serve((request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) html(request, response);
    else response.writeHead(left % 2 ? 301 : 307, { location: `/${left - 1}` }).end('elsewhere');
  });
  const page = await fetchPage(`http://site.test:${port}/5`, never, guard());
  expect(page.url.pathname).toBe('/0');
  expect(await text(page.content)).toContain('Hello');
  await expect(fetchPage(`http://site.test:${port}/6`, never, guard())).rejects.toMatchObject({
    code: 'URL_FETCH_FAILED',
  });
});

test.each(['image/png', 'video/mp4', 'application/zip', 'font/woff2'])(
  '%s is nothing to read',
  async (type) => {
    const port = await serve((_, response) => response.setHeader('content-type', type).end('x'));
    await expect(fetchPage(`http://site.test:${port}/`, never, guard())).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
    });
  },
);

test.each([404, 500, 304])('an answer %i is a failure', async (status) => {
  const port = await serve((_, response) => response.writeHead(status).end());
  await expect(fetchPage(`http://site.test:${port}/`, never, guard())).rejects.toMatchObject({
    code: 'URL_FETCH_FAILED',
  });
});

test('a server that is not there, and one that never answers, are failures', async () => {
  const port = await serve(() => {});
  await expect(fetchPage(`http://site.test:${port}/`, never, guard({}, 20))).rejects.toThrow('too long');
  const silent = { ...guard({}, 20), resolve: () => new Promise<never>(() => {}) };
  await expect(fetchPage('http://site.test/', never, silent)).rejects.toThrow('too long');
  await expect(fetchPage('http://site.test:1/', never, guard())).rejects.toMatchObject({
    code: 'URL_FETCH_FAILED',
  });
  const unknown = { ...guard(), resolve: async () => Promise.reject(new Error('ENOTFOUND')) };
  await expect(fetchPage('http://unknown.test/', never, unknown)).rejects.toMatchObject({
    code: 'URL_FETCH_FAILED',
  });
});

test('a page that breaks off in the middle is a failure for its reader', async () => {
  const port = await serve((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 1000 }).write('half');
    response.socket?.end();
  });
  const page = await fetchPage(`http://site.test:${port}/`, never, guard());
  await expect(text(page.content)).rejects.toMatchObject({ code: 'URL_FETCH_FAILED' });
});
