import { once } from 'node:events';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Answer } from '../../src/contract/query.ts';
import type { Hit, SearchRequest } from '../../src/contract/search.ts';
import type { Answering } from '../../src/server/answer/answering.ts';
import { takeIn } from '../../src/server/records/intake.ts';
import { insertPages, pageParts } from '../../src/server/records/pages.ts';
import {
  fakeAnswering,
  registerUser,
  startTestApp,
  type TestApp,
  type TestUser,
  testApp,
} from '../support/http.ts';

const timings = { embedMs: 0, vectorMs: 0, keywordMs: 0, rerankMs: 0, generateMs: 0, totalMs: 0 };
const hit: Hit = {
  chunkId: '1',
  documentId: 'd1',
  collectionId: 'c1',
  title: 'Harbour hours',
  page: 2,
  start: 10,
  end: 34,
  text: 'The harbour opens at six',
  highlights: [],
  score: 0.5,
  scores: { vector: 0.5 },
};
const LINK = 'https://ka.example/library/d1?page=2&start=10&end=34';
const answer: Answer = {
  id: 'answer',
  answer: 'The harbour opens at six [1].',
  answered: true,
  citations: [
    {
      marker: 1,
      documentId: 'd1',
      chunkId: '1',
      title: 'Harbour hours',
      page: 2,
      start: 10,
      end: 34,
      quote: 'The harbour opens at six',
      supported: true,
    },
  ],
  sources: [],
  model: 'extractive',
  cached: false,
  usage: { promptTokens: 0, completionTokens: 0, costUsd: 0 },
  timings,
};
const whole: Answering['ask'] = async function* () {
  yield { type: 'done', answer };
};

let app: TestApp;
let user: TestUser;
let other: TestUser;
let url: string;
let documentId: string;
let foreignId: string;
let foreignCollection: string;
let ask: Answering['ask'] = whole;
const searched: SearchRequest[] = [];
const longPage = 'Ä fine line. '.repeat(2000);

async function addDocument(who: TestUser, title: string, pages: readonly string[]): Promise<string> {
  const { db } = app;
  const { documents } = await takeIn(db, app.services.queue, {
    userId: who.id,
    files: [
      {
        collectionId: who.collectionId,
        filename: `${title}.txt`,
        stored: { key: `aa/${title}`, sizeBytes: 3, sha256: title.padEnd(64, '0') },
      },
    ],
  });
  const { id, revision } = (documents[0] as (typeof documents)[number]).row;
  await db.updateTable('documents').set({ title, page_count: pages.length }).where('id', '=', id).execute();
  await insertPages(
    db,
    pages.flatMap((text, i) =>
      [...pageParts(i + 1, text)].map((part) => ({ document_id: id, revision, ...part })),
    ),
  );
  return id;
}

beforeAll(async () => {
  app = await startTestApp({
    env: { PORT: '0', PUBLIC_URL: 'https://ka.example' },
    services: {
      answering: {
        ask: (...work) => ask(...work),
        async search(_userId, request) {
          searched.push(request);
          if (request.query === 'break') throw new Error('secret detail');
          return { hits: [hit], tookMs: 1, cached: false, timings };
        },
      },
    },
  });
  user = await registerUser(app);
  other = await registerUser(app);
  url = await app.server.listen();
  documentId = await addDocument(user, 'Harbour handbook', ['First page.', longPage]);
  foreignId = await addDocument(other, 'Secret Harbour', ['Nobody shall read this.']);
  foreignCollection = other.collectionId;
});
afterAll(() => app.close());

async function connect(token: string, mode: 'legacy' | 'auto' = 'auto'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  onTestFinished(() => client.close());
  return client;
}
const keyOf = async (who: TestUser, scopes: readonly string[]): Promise<string> =>
  (await app.call(who, 'POST /api/v1/api-keys', { name: 'k', scopes })).json().key;
const textOf = (result: { content?: unknown }): string =>
  (result.content as { type: string; text: string }[]).map(({ text }) => text).join('');

describe.each(['legacy', 'auto'] as const)('a client that negotiates %s', (mode) => {
  let client: Client;
  const call = (name: string, input: Record<string, unknown> = {}) =>
    client.callTool({ name, arguments: input });

  test('finds four tools that only read', async () => {
    client = await connect(await keyOf(user, ['read']), mode);
    expect(client.getServerVersion()).toMatchObject({ name: 'knowledge-assistant', version: '0.0.0-test' });
    expect(client.getInstructions()).toContain('documents');
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['search', 'ask', 'list_documents', 'get_document']);
    expect(tools.every(({ annotations }) => annotations?.readOnlyHint === true)).toBe(true);
    expect(tools.every(({ outputSchema }) => outputSchema !== undefined)).toBe(true);
  });

  test('searches', async () => {
    client = await connect(user.token, mode);
    const result = await call('search', { query: 'opening hours', limit: 3, collection: 'library' });
    const { collectionId: _, highlights: __, scores: ___, ...shown } = hit;
    expect(result.structuredContent).toEqual({ hits: [{ ...shown, url: LINK }] });
    expect(textOf(result)).toBe(`[1] Harbour hours, page 2 (document d1)\n${LINK}\nThe harbour opens at six`);
    expect(searched.at(-1)).toEqual({
      query: 'opening hours',
      limit: 3,
      mode: 'hybrid',
      filters: { collectionIds: [user.collectionId] },
    });
  });

  test('asks, and gets citations that lead to the passage', async () => {
    client = await connect(user.token, mode);
    const result = await call('ask', { question: 'When does the harbour open?' });
    expect(result.structuredContent).toEqual({
      answer: answer.answer,
      answered: true,
      citations: [{ ...answer.citations[0], url: LINK }],
    });
    expect(textOf(result)).toBe(`${answer.answer}\n\nSources:\n\n- [1] [Harbour hours, page 2](${LINK})`);
  });

  test('lists documents and collections', async () => {
    client = await connect(user.token, mode);
    const result = await call('list_documents', { query: 'handbook' });
    expect(result.structuredContent).toMatchObject({
      documents: [
        {
          id: documentId,
          title: 'Harbour handbook',
          pages: 2,
          url: `https://ka.example/library/${documentId}`,
        },
      ],
      total: 1,
      nextCursor: null,
      collections: [{ id: user.collectionId, name: 'Library', documentCount: 1 }],
    });
    expect(textOf(result)).toContain(
      `Harbour handbook (Harbour handbook.txt, 2 pages, queued): ${documentId}`,
    );
  });

  test('reads a document page by page, long ones in parts', async () => {
    client = await connect(user.token, mode);
    const parts: string[] = [];
    interface Place {
      readonly page: number;
      readonly offset: number;
    }
    let next: Place | null = { page: 1, offset: 0 };
    while (next !== null) {
      const result: Awaited<ReturnType<typeof call>> = await call('get_document', { documentId, ...next });
      const part = result.structuredContent as { page: number; text: string; next: Place | null };
      parts.push(part.text);
      expect(textOf(result)).toContain(part.text);
      next = part.next;
    }
    expect(parts).toHaveLength(3);
    expect(parts[0]).toBe('First page.');
    expect(parts.slice(1).join('')).toBe(longPage);
  });

  test('is told of faults by the tool, in words of ours only', async () => {
    client = await connect(user.token, mode);
    const broken = await call('search', { query: 'break' });
    expect(broken.isError).toBe(true);
    expect(textOf(broken)).not.toContain('secret');
    expect(app.logged.some((line) => JSON.stringify(line).includes('secret detail'))).toBe(true);
    const beyond = await call('get_document', { documentId, page: 9 });
    expect([beyond.isError, textOf(beyond)]).toEqual([
      true,
      'Not found. The document has no page 9: it has 2.',
    ]);
    const badCursor = await call('list_documents', { cursor: 'nonsense' });
    expect([badCursor.isError, textOf(badCursor)]).toEqual([true, expect.stringContaining('cursor')]);
    const count = searched.length;
    const wrong = await call('search', { query: '', limit: 1000 }).catch((error: Error) => ({
      isError: true,
      content: [{ text: error.message }],
    }));
    expect(wrong.isError).toBe(true);
    expect(textOf(wrong)).toContain('limit');
    expect(searched.length).toBe(count);
  });

  test("finds nothing of somebody else's", async () => {
    client = await connect(user.token, mode);
    for (const collection of [foreignCollection, 'Secret Harbour']) {
      for (const [name, input] of [
        ['search', { query: 'harbour' }],
        ['ask', { question: 'What is secret?' }],
        ['list_documents', {}],
      ] as const) {
        const result = await call(name, { ...input, collection });
        expect([name, result.isError]).toEqual([name, true]);
        expect(textOf(result)).toContain('There is no such collection');
      }
    }
    const read = await call('get_document', { documentId: foreignId });
    expect([read.isError, textOf(read)]).toEqual([true, 'Not found. There is no such document.']);
    const listed = await call('list_documents');
    expect(textOf(listed)).not.toContain('Secret');
  });
});

test('nothing here changes, so no stream that waits for changes is opened', async () => {
  const client = await connect(user.token);
  expect(client.getServerCapabilities()?.tools).toEqual({ listChanged: false });
  await expect(client.listen({ toolsListChanged: true })).rejects.toThrow();
});

test('says when the embedding model or the language model was away', async () => {
  ask = async function* () {
    yield { type: 'done', answer: { ...answer, degraded: 'vectors', fallback: 'unavailable' } };
  };
  try {
    const client = await connect(user.token);
    const result = await client.callTool({ name: 'ask', arguments: { question: 'When is it open?' } });
    expect(result.structuredContent).toMatchObject({ degraded: 'vectors', fallback: 'unavailable' });
    expect(textOf(result)).toMatch(/found by their words alone\.\n\nNo language model wrote this/);
  } finally {
    ask = whole;
  }
});

test('a call that the client gives up ends the work', async () => {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  ask = async function* (_user, _request, signal) {
    begun.resolve();
    await once(signal, 'abort');
    ended.resolve();
    yield { type: 'done', answer };
  };
  try {
    const client = await connect(user.token);
    const leaving = new AbortController();
    const call = client
      .callTool({ name: 'ask', arguments: { question: 'a long story' } }, { signal: leaving.signal })
      .catch(() => undefined);
    await begun.promise;
    leaving.abort();
    await ended.promise;
    await call;
  } finally {
    ask = whole;
  }
});

describe('at the door', () => {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const HEADERS = { accept: 'application/json, text/event-stream' };
  const post = (who: { token: string } | undefined, body: unknown = ping, headers = {}) =>
    app.call(who, 'POST /mcp', body, { ...HEADERS, ...headers });

  test('nobody comes in without a key, nor with one that may not read', async () => {
    const refused = await post(undefined);
    expect([refused.statusCode, refused.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(refused.json()).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32_000, data: { type: 'urn:ka:error:unauthenticated' } },
    });
    const writer = { token: await keyOf(user, ['write']) };
    expect((await post(writer)).statusCode).toBe(403);
    await expect(connect('ka_wrong')).rejects.toThrow();
  });

  test.each([
    ['https://evil.example', {}, 403],
    ['http://knowledge.local:8000', {}, 403],
    ['null', {}, 403],
    ['https://ka.example', {}, 200],
    ['https://ka.example:444', {}, 403],
    ['http://localhost:6274', {}, 200],
    ['http://127.0.0.1', {}, 200],
    ['http://localhost.evil.example', {}, 403],
    ['http://localhost:6274', { HOST: '0.0.0.0' }, 403],
    ['https://chat.example', { CORS_ORIGINS: 'https://chat.example' }, 200],
  ])('a page of %s with %j is answered with %i', async (origin, env, status) => {
    const own = await testApp({ env: { PUBLIC_URL: 'https://ka.example', ...env } });
    const person = await registerUser(own);
    // by DNS rebinding, the host is the page's own
    const headers = { ...HEADERS, origin, host: 'knowledge.local:8000' };
    expect((await own.call(person, 'POST /mcp', ping, headers)).statusCode).toBe(status);
  });

  test('nothing can be followed and no session ended: both are told 405', async () => {
    for (const method of ['GET', 'DELETE']) {
      const refused = await app.call(user, `${method} /mcp`, undefined, HEADERS);
      expect([refused.statusCode, refused.headers['allow']]).toEqual([405, 'POST']);
    }
  });

  test('what is no message is refused as JSON-RPC', async () => {
    const broken = await app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { ...HEADERS, authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
      payload: '{"jsonrpc":',
    });
    expect([broken.statusCode, broken.json().error.code]).toEqual([400, -32_700]);
    for (const body of [[ping, ping], { hello: 'there' }, []]) {
      const refused = await post(user, body);
      expect(refused.statusCode).toBe(400);
      expect(refused.json()).toMatchObject({ jsonrpc: '2.0', error: { code: expect.any(Number) } });
    }
    expect((await post(user, ping, { accept: 'text/html' })).statusCode).toBe(406);
  });

  test('each request stands for itself: no session is given out', async () => {
    const answered = await post(user, {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'list_documents', arguments: {} },
    });
    expect(answered.statusCode).toBe(200);
    expect(answered.headers).not.toHaveProperty('mcp-session-id');
    expect(answered.headers).toHaveProperty('x-request-id');
    expect(answered.body).toContain('Harbour handbook');
  });
});

test('questions and searches count as all others do', async () => {
  const own = await testApp({
    services: { answering: { ...fakeAnswering, ask: whole } },
  });
  const person = await registerUser(own);
  const tool = (name: string, input: object) =>
    own.call(
      person,
      'POST /mcp',
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input } },
      { accept: 'application/json, text/event-stream' },
    );
  await tool('ask', { question: 'When does the harbour open?' });
  await tool('search', { query: 'harbour' });
  await own.server.app.close();
  expect(await own.db.selectFrom('usage').selectAll().execute()).toMatchObject([
    { user_id: person.id, kind: 'answer', requests: 1 },
  ]);
});
