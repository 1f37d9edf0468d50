import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer, AnswerEvent, QueryRequest } from '../../src/contract/query.ts';
import type { Answering } from '../../src/server/answer/answering.ts';
import { AppError } from '../../src/server/errors.ts';
import { createConversation, listMessages } from '../../src/server/records/conversations.ts';
import { fakeAnswering, registerUser, startTestApp, testApp } from '../support/http.ts';

const answer: Answer = {
  id: 'answer',
  answer: 'It is so [1].',
  answered: true,
  citations: [
    {
      marker: 1,
      documentId: 'd',
      chunkId: '1',
      title: 'T',
      page: 1,
      start: 0,
      end: 5,
      quote: 'It is',
      supported: true,
    },
  ],
  sources: [],
  model: 'extractive',
  cached: false,
  usage: { promptTokens: 7, completionTokens: 3, costUsd: 0.25 },
  timings: { embedMs: 1, vectorMs: 2, keywordMs: 0, rerankMs: 0, generateMs: 4, totalMs: 8 },
};

async function* whole(): AsyncGenerator<AnswerEvent> {
  yield { type: 'sources', sources: [] };
  yield { type: 'token', text: 'It is ' };
  yield { type: 'token', text: 'so [1].\n' };
  yield { type: 'citation', citation: answer.citations[0] as Answer['citations'][number] };
  yield { type: 'done', answer };
}

async function answering(ask: Answering['ask']) {
  const app = await testApp({ env: { PORT: '0' }, services: { answering: { ...fakeAnswering, ask } } });
  return { app, user: await registerUser(app) };
}
const SSE = { accept: 'text/event-stream' };
const eventsOf = (body: string) =>
  body
    .split('\n\n')
    .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: ?(.*)/s))))
    .filter(({ event }) => event !== undefined)
    .map(({ event, data, id }) => ({ event, data: JSON.parse(data as string), id }));

/** For what never comes to an answer. */
let anyApp: Awaited<ReturnType<typeof answering>>;
beforeAll(async () => {
  const app = await startTestApp();
  anyApp = { app, user: await registerUser(app) };
});
afterAll(async () => anyApp.app.close());

test('a question is answered in one piece', async () => {
  const asked: unknown[] = [];
  const { app, user } = await answering((userId, request) => {
    asked.push([userId, request]);
    return whole();
  });
  const response = await app.call(user, 'POST /api/v1/query', { query: 'Is it so?', collectionId: 'c' });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual(answer);
  expect(response.headers['server-timing']).toMatch(/^embed;dur=1, vector;dur=2, generate;dur=4, total/);
  expect(asked).toEqual([[user.id, { query: 'Is it so?', limit: 10, collectionId: 'c' }]]);
});

test('a question is answered as it comes to who asks for events', async () => {
  const { app, user } = await answering(whole);
  const response = await app.call(user, 'POST /api/v1/query', { query: 'Is it so?' }, SSE);
  expect(response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
    'cache-control': 'no-store',
  });
  expect(eventsOf(response.body)).toEqual([
    { event: 'sources', data: [], id: '1' },
    { event: 'token', data: { text: 'It is ' }, id: '2' },
    { event: 'token', data: { text: 'so [1].\n' }, id: '3' },
    { event: 'citation', data: answer.citations[0], id: '4' },
    {
      event: 'done',
      data: { ...answer, timings: { ...answer.timings, firstTokenMs: expect.any(Number) } },
      id: '5',
    },
  ]);
});

test.each([
  [{ query: 'no' }, 'query'],
  [{ query: '  ab  ' }, 'query'],
  [{ query: 'x'.repeat(1001) }, 'query'],
  [{ query: 'long enough', limit: 51 }, 'limit'],
  [{ query: 'long enough', filters: { owner: 'x' } }, 'filters'],
  [{ query: 'long enough', temperature: 1 }, ''],
])('%j is not valid', async (body, path) => {
  const { app, user } = anyApp;
  for (const headers of [{}, SSE]) {
    const response = await app.call(user, 'POST /api/v1/query', body, headers);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ type: 'urn:ka:error:validation', errors: [{ path }] });
  }
});

test('what is refused before anything was found has its status, in events too', async () => {
  // biome-ignore lint/correctness/useYield: it is refused before it has anything to give
  const { app, user } = await answering(async function* () {
    throw new AppError('NOT_FOUND', 'There is no such collection.');
  });
  for (const headers of [{}, SSE]) {
    const response = await app.call(
      user,
      'POST /api/v1/query',
      { query: 'anything', collectionId: 'foreign' },
      headers,
    );
    expect([response.statusCode, response.json().type]).toEqual([404, 'urn:ka:error:not-found']);
  }
});

test('a fault in the middle ends the events with a problem that tells nothing of ours', async () => {
  const { app, user } = await answering(async function* () {
    yield { type: 'sources', sources: [] };
    throw new Error('secret detail');
  });
  const response = await app.call(user, 'POST /api/v1/query', { query: 'anything' }, SSE);
  expect(response.statusCode).toBe(200);
  expect(eventsOf(response.body)).toMatchObject([
    { event: 'sources' },
    {
      event: 'error',
      data: { type: 'urn:ka:error:internal', status: 500, requestId: response.headers['x-request-id'] },
    },
  ]);
  expect(response.body).not.toContain('secret');
  expect(app.logged).toContainEqual(
    expect.objectContaining({ event: 'request failed', requestId: response.headers['x-request-id'] }),
  );
});

test('a question in a conversation is kept there with its answer', async () => {
  const { app, user } = await answering(whole);
  const conversation = await createConversation(app.services.db, user.id);
  for (const headers of [{}, SSE]) {
    const body = { query: 'Is it so?', conversationId: conversation.id };
    expect((await app.call(user, 'POST /api/v1/query', body, headers)).statusCode).toBe(200);
  }
  const messages = await listMessages(app.services.db, user.id, conversation.id, { limit: 10 });
  expect(messages.items).toMatchObject([
    { role: 'user', content: 'Is it so?' },
    { role: 'assistant', content: answer.answer, citations: answer.citations, model: 'extractive' },
    { role: 'user' },
    { role: 'assistant' },
  ]);
});

test('a batch answers each question in its place, and one failure does not sink the rest', async () => {
  const { app, user } = await answering(async function* (_user, { query }: QueryRequest) {
    if (query === 'foreign') throw new AppError('NOT_FOUND', 'There is no such collection.');
    yield { type: 'done', answer: { ...answer, answer: query } };
  });
  const send = (queries: string[]) =>
    app.call(user, 'POST /api/v1/query/batch', { queries: queries.map((query) => ({ query })) });
  const response = await send(['one', 'foreign', 'three']);
  expect(response.statusCode).toBe(200);
  expect(response.json().results).toMatchObject([{ answer: 'one' }, { status: 404 }, { answer: 'three' }]);
  expect((await send([])).statusCode).toBe(400);
  expect((await send(Array.from({ length: 51 }, () => 'many'))).statusCode).toBe(400);
  expect((await send(['fine', 'no'])).json().errors).toMatchObject([{ path: 'queries.1.query' }]);
});

test("a question in somebody else's conversation is not found and never asked", async () => {
  let asked = 0;
  const { app, user } = await answering(() => {
    asked++;
    return whole();
  });
  const other = await registerUser(app);
  const { id } = await createConversation(app.services.db, other.id);
  for (const conversationId of [id, 'nothing']) {
    for (const headers of [{}, SSE])
      expect(
        (await app.call(user, 'POST /api/v1/query', { query: 'Is it so?', conversationId }, headers))
          .statusCode,
      ).toBe(404);
  }
  expect(asked).toBe(0);
});

test('answers are counted for their user when the server closes at the latest', async () => {
  const { app, user } = await answering(async function* (_user, { query }: QueryRequest) {
    yield { type: 'done', answer: { ...answer, cached: query === 'cached' } };
  });
  for (const query of ['first', 'second', 'cached']) await app.call(user, 'POST /api/v1/query', { query });
  const rows: unknown[] = [];
  await app.server.app.close();
  rows.push(...(await app.db.selectFrom('usage').selectAll().execute()));
  expect(rows).toMatchObject([
    {
      user_id: user.id,
      model: 'extractive',
      kind: 'answer',
      requests: 3,
      cached_requests: 1,
      // what was spent is counted where the model is asked
      cost_usd: 0,
      saved_usd: 0.25,
    },
  ]);
});

test.each([
  ['json', {}],
  ['events', SSE],
])('a client that leaves ends the generation (%s)', async (_, headers) => {
  const begun = Promise.withResolvers<AbortSignal>();
  const ended = Promise.withResolvers<void>();
  const { app, user } = await answering(async function* (_user, _request, signal) {
    try {
      yield { type: 'sources', sources: [] };
      yield { type: 'token', text: 'It' };
      begun.resolve(signal);
      await once(signal, 'abort');
      yield { type: 'token', text: ' goes on' };
      yield { type: 'done', answer };
    } finally {
      ended.resolve();
    }
  });
  const controller = new AbortController();
  const request = fetch(`${await app.server.listen()}/api/v1/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: 'a long story' }),
    signal: controller.signal,
  })
    .then((response) => response.text())
    .catch((error: Error) => error.name);
  const signal = await begun.promise;
  expect(signal.aborted).toBe(false);
  controller.abort();
  await ended.promise;
  expect(signal.aborted).toBe(true);
  expect(await request).toBe('AbortError');
});

test('tokens are passed on as they come', async () => {
  const go = Promise.withResolvers<void>();
  const { app, user } = await answering(async function* () {
    yield { type: 'token', text: 'first' };
    await go.promise;
    yield { type: 'done', answer };
  });
  const response = await fetch(`${await app.server.listen()}/api/v1/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json', ...SSE },
    body: JSON.stringify({ query: 'a story' }),
  });
  let seen = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += chunk;
    if (seen.includes('first')) go.resolve();
  }
  expect(eventsOf(seen).map(({ event }) => event)).toEqual(['token', 'done']);
});
