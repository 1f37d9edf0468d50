import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hit, SearchRequest, SearchResult } from '../../src/contract/search.ts';
import type { Answering } from '../../src/server/answer/answering.ts';
import { AppError, UpstreamError } from '../../src/server/errors.ts';
import { fakeAnswering, registerUser, startTestApp, testApp } from '../support/http.ts';

const hit: Hit = {
  chunkId: '4294967297',
  documentId: 'd',
  collectionId: 'c',
  title: 'Title',
  page: 1,
  start: 0,
  end: 4,
  text: 'text',
  highlights: [[0, 4]],
  score: 0.9,
  scores: { vector: 0.8, keyword: 3 },
};
const result = (cached = false): SearchResult => ({
  hits: [hit],
  tookMs: 3,
  cached,
  timings: { embedMs: 1, vectorMs: 0.5, keywordMs: 0.25, rerankMs: 0, generateMs: 0, totalMs: 3 },
});

/** An app whose searches are `search`. */
async function searching(search: Answering['search']) {
  const app = await testApp({ env: { PORT: '0' }, services: { answering: { ...fakeAnswering, search } } });
  return { app, user: await registerUser(app) };
}

/** For what never comes to a search. */
let anyApp: Awaited<ReturnType<typeof searching>>;
beforeAll(async () => {
  const app = await startTestApp();
  anyApp = { app, user: await registerUser(app) };
});
afterAll(async () => anyApp.app.close());

test('a search is the caller’s, with what was left out filled in', async () => {
  const asked: unknown[] = [];
  const { app, user } = await searching(async (userId, request) => {
    asked.push([userId, request]);
    return result();
  });
  const response = await app.call(user, 'POST /api/v1/search', { query: ' words ' });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual(result());
  expect(asked).toEqual([[user.id, { query: 'words', limit: 10, mode: 'hybrid' }]]);
});

test('the stages of a search are told, but not those of one from the cache', async () => {
  let cached = false;
  const { app, user } = await searching(async () => result(cached));
  const timing = async () =>
    (await app.call(user, 'POST /api/v1/search', { query: 'x' })).headers['server-timing'];
  expect(await timing()).toMatch(/^embed;dur=1, vector;dur=0.5, keyword;dur=0.25, total;dur=/);
  cached = true;
  expect(await timing()).toMatch(/^total;dur=/);
  const stages = app.services.metrics.report().stages.map(({ name, count }) => [name, count]);
  expect(stages).toEqual([
    ['embed', 1],
    ['vector', 1],
    ['keyword', 1],
  ]);
});

test.each([
  [{}, 'query'],
  [{ query: '' }, 'query'],
  [{ query: '   ' }, 'query'],
  [{ query: 'x'.repeat(1001) }, 'query'],
  [{ query: 'a\0b' }, 'query'],
  [{ query: 5 }, 'query'],
  [{ query: 'x', limit: 0 }, 'limit'],
  [{ query: 'x', limit: 101 }, 'limit'],
  [{ query: 'x', limit: 1.5 }, 'limit'],
  [{ query: 'x', mode: 'magic' }, 'mode'],
  [{ query: 'x', filters: { color: 'red' } }, 'filters'],
  [{ query: 'x', filters: { documentIds: [] } }, 'filters.documentIds'],
  [{ query: 'x', filters: { createdAfter: 'yesterday' } }, 'filters.createdAfter'],
  [{ query: 'x', colour: 1 }, ''],
])('%j is not valid', async (body, path) => {
  const { app, user } = anyApp;
  const response = await app.call(user, 'POST /api/v1/search', body);
  expect(response.statusCode).toBe(400);
  expect(response.json()).toMatchObject({ type: 'urn:ka:error:validation', errors: [{ path }] });
});

test('a search in what the caller may not see is not found', async () => {
  const { app, user } = await searching(async () => {
    throw new AppError('NOT_FOUND', 'There is no such collection.');
  });
  const body = { query: 'x', filters: { collectionIds: ['foreign'] } };
  expect((await app.call(user, 'POST /api/v1/search', body)).statusCode).toBe(404);
  expect((await app.call(undefined, 'POST /api/v1/search', body)).statusCode).toBe(401);
});

test('a batch answers each search in its place, with a result or a problem, few at a time', async () => {
  let running = 0;
  let most = 0;
  const { app, user } = await searching(async (_, { query }: SearchRequest) => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    if (query === 'foreign') throw new AppError('NOT_FOUND', 'There is no such collection.');
    if (query === 'down') throw new UpstreamError('embeddings', 'secret address', { retryable: true });
    if (query === 'broken') throw new Error('secret detail');
    return { ...result(), tookMs: Number(query) };
  });
  const queries = [
    '1',
    'foreign',
    '2',
    'down',
    'broken',
    ...Array.from({ length: 20 }, (_, n) => String(n + 3)),
  ];
  const response = await app.call(user, 'POST /api/v1/search/batch', {
    searches: queries.map((query) => ({ query })),
  });
  expect(response.statusCode).toBe(200);
  const { results } = response.json();
  expect(
    results.map((one: { tookMs?: number; status?: number }) => one.tookMs ?? -(one.status ?? 0)),
  ).toEqual(queries.map((query) => ({ foreign: -404, down: -503, broken: -500 })[query] ?? Number(query)));
  expect(results[1]).toMatchObject({
    type: 'urn:ka:error:not-found',
    instance: '/api/v1/search/batch',
    requestId: response.headers['x-request-id'],
  });
  expect(response.body).not.toContain('secret');
  expect(app.logged.filter(({ event }) => event === 'request failed')).toHaveLength(2);
  expect(most).toBe(4);
});

test('a batch is bounded and checked whole before it begins', async () => {
  const { app, user } = anyApp;
  const send = (searches: object[]) => app.call(user, 'POST /api/v1/search/batch', { searches });
  expect((await send([])).statusCode).toBe(400);
  expect((await send(Array.from({ length: 101 }, () => ({ query: 'x' })))).statusCode).toBe(400);
  expect((await send([{ query: 'x' }, { query: '' }])).json().errors).toMatchObject([
    { path: 'searches.1.query' },
  ]);
});

test('a client that leaves ends its search', async () => {
  const seen = Promise.withResolvers<AbortSignal>();
  const { app, user } = await searching(async (_user, _request, signal) => {
    seen.resolve(signal);
    await once(signal, 'abort');
    throw new DOMException('aborted', 'AbortError');
  });
  const { port, hostname } = new URL(await app.server.listen());
  const body = JSON.stringify({ query: 'slow' });
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /api/v1/search HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${user.token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const signal = await seen.promise;
  expect(signal.aborted).toBe(false);
  socket.destroy();
  await once(signal, 'abort');
});
