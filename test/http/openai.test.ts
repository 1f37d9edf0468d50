import { once } from 'node:events';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, AnswerEvent, QueryRequest } from '../../src/contract/query.ts';
import type { Answering, HowToAsk } from '../../src/server/answer/answering.ts';
import { AppError } from '../../src/server/errors.ts';
import type { Caller } from '../../src/server/http/auth.ts';
import type { Embedder } from '../../src/server/ports/embedder.ts';
import { createFakeEmbedder } from '../support/fake-embedder.ts';
import {
  fakeAnswering,
  registerUser,
  startTestApp,
  type TestApp,
  type TestUser,
  testApp,
} from '../support/http.ts';

const answer: Answer = {
  id: 'answer',
  answer: 'The harbour opens at six [1]. It closes at nine [2].',
  answered: true,
  citations: [
    {
      marker: 1,
      documentId: 'd1',
      chunkId: '1',
      title: 'Harbour hours',
      page: 2,
      start: 10,
      end: 35,
      quote: 'The harbour opens at six',
      supported: true,
    },
    {
      marker: 2,
      documentId: 'd2',
      chunkId: '2',
      title: '](http://evil.example) ![x](http://evil.example/x.png)\n<b>',
      page: 1,
      start: 0,
      end: 4,
      quote: 'nine',
      supported: false,
    },
  ],
  sources: [],
  model: 'extractive',
  cached: false,
  usage: { promptTokens: 7, completionTokens: 3, costUsd: 0 },
  timings: { embedMs: 1, vectorMs: 2, keywordMs: 0, rerankMs: 0, generateMs: 4, totalMs: 8 },
};
const LINK = 'https://ka.example/library/d1?page=2&start=10&end=35';

async function* whole(): AsyncGenerator<AnswerEvent> {
  yield { type: 'sources', sources: [] };
  yield { type: 'token', text: 'The harbour opens at six [1].' };
  yield { type: 'token', text: ' It closes at nine [2].' };
  yield { type: 'done', answer };
}

/** What was asked for last. */
const asked: { userId: string; request: QueryRequest }[] = [];
let history: NonNullable<HowToAsk['history']>;
let ask: Answering['ask'] = whole;
let app: TestApp;
let user: TestUser;
let other: TestUser;
let url: string;
let client: OpenAI;

const clientOf = (apiKey: string, baseURL = `${url}/v1`) => new OpenAI({ apiKey, baseURL, maxRetries: 0 });
const keyOf = async (who: TestUser, scopes: Caller['scopes'], from = app): Promise<string> =>
  (await from.call(who, 'POST /api/v1/api-keys', { name: 'k', scopes })).json().key;

beforeAll(async () => {
  app = await startTestApp({
    env: { PORT: '0', PUBLIC_URL: 'https://ka.example' },
    services: {
      answering: {
        ...fakeAnswering,
        ask(userId, request, signal, how) {
          asked.push({ userId, request });
          history = how?.history ?? [];
          return ask(userId, request, signal);
        },
      },
    },
  });
  user = await registerUser(app);
  other = await registerUser(app);
  url = await app.server.listen();
  client = clientOf(await keyOf(user, ['read']));
});
afterAll(() => app.close());

/** The error that the client makes of a refusal. */
const refusalOf = async (work: PromiseLike<unknown>): Promise<APIError> => {
  const error = await Promise.resolve(work).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(APIError);
  return error as APIError;
};
const question = [{ role: 'user' as const, content: 'When does the harbour open?' }];

describe('models', () => {
  test('a collection is a model, beside all of them and the embeddings', async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual(['ka:all', 'ka:library', 'ka:embeddings']);
    expect(data[1]).toMatchObject({ object: 'model', name: 'Library', owned_by: 'knowledge-assistant' });
    expect(data[1]?.created).toBeGreaterThan(1_600_000_000);
    expect(await client.models.retrieve('ka:library')).toEqual(data[1]);
  });

  test('equal names are told apart, and a shared collection takes no name from an own one', async () => {
    const me = await registerUser(app);
    const make = async (who: TestUser, name: string) =>
      (await app.call(who, 'POST /api/v1/collections', { name })).json().id as string;
    const shared = await make(other, 'Reisen & Notizen');
    await app.call(other, `PUT /api/v1/collections/${shared}/members`, { email: me.email, role: 'viewer' });
    const [own, all, japanese] = [
      await make(me, 'Reisen: Notizen!'),
      await make(me, 'All'),
      await make(me, '旅行メモ'),
    ];
    const nameless = await make(me, '!!!');
    const listed = await clientOf(me.token).models.list();
    expect(listed.data.map(({ id }) => id)).toEqual([
      'ka:all',
      'ka:library',
      'ka:reisen-notizen',
      `ka:all-${all.slice(-8)}`,
      'ka:旅行メモ',
      'ka:collection',
      `ka:reisen-notizen-${shared.slice(-8)}`,
      'ka:embeddings',
    ]);
    for (const [model, collectionId] of [
      ['ka:reisen-notizen', own],
      ['reisen-notizen', own],
      [`ka:reisen-notizen-${shared.slice(-8)}`, shared],
      ['ka:旅行メモ', japanese],
      [`ka:${all}`, all],
      ['ka:collection', nameless],
      ['ka:all', undefined],
    ] as const) {
      await clientOf(me.token).chat.completions.create({ model, messages: question });
      expect(asked.at(-1)).toEqual({
        userId: me.id,
        request: { query: question[0]?.content, limit: 10, ...(collectionId && { collectionId }) },
      });
    }
  });

  test.each(['ka:secret', 'gpt-4o', 'ka:', 'ka:?', 'ka:embeddings'])('%s answers nothing', async (model) => {
    const count = asked.length;
    const refused = await refusalOf(client.chat.completions.create({ model, messages: question }));
    expect([refused.status, refused.code]).toEqual([404, 'model_not_found']);
    expect(asked.length).toBe(count);
  });

  test("somebody else's collection is no model, by any of its names", async () => {
    const { id } = (await app.call(other, 'POST /api/v1/collections', { name: 'Secret Harbour' })).json();
    for (const model of ['ka:secret-harbour', `ka:${id}`, id, `ka:secret-harbour-${id.slice(-8)}`]) {
      const requests = [
        () => client.chat.completions.create({ model, messages: question }),
        () => client.chat.completions.create({ model, messages: question, stream: true }),
        () => client.models.retrieve(model),
      ];
      for (const request of requests) {
        const refused = await refusalOf(request());
        expect([refused.status, refused.code]).toEqual([404, 'model_not_found']);
      }
    }
    expect(JSON.stringify(await client.models.list())).not.toContain('Secret');
  });
});

describe('a chat', () => {
  test('is answered with citations in annotations and under the text', async () => {
    const completion = await client.chat.completions.create({
      model: 'ka:library',
      messages: [{ role: 'system', content: 'Be brief.' }, ...question],
      temperature: 0,
      max_tokens: 100,
      user: 'someone',
      tools: [],
    });
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'ka:library',
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
      knowledge: { answered: true, cached: false, citations: answer.citations },
    });
    const { message, finish_reason } = completion.choices[0] as OpenAI.Chat.ChatCompletion.Choice;
    expect(finish_reason).toBe('stop');
    expect(message.content).toContain(`\n\nSources:\n\n- [1] [Harbour hours, page 2](${LINK})\n- [2] `);
    expect(message.content?.startsWith(answer.answer)).toBe(true);
    expect(message.annotations?.map(({ url_citation }) => url_citation)).toMatchObject([
      { title: 'Harbour hours', url: LINK },
      { url: 'https://ka.example/library/d2?page=1&start=0&end=4' },
    ]);
    expect(
      message.annotations?.map(({ url_citation: { start_index, end_index } }) =>
        message.content?.slice(start_index, end_index),
      ),
    ).toEqual(['[1]', '[2]']);
  });

  test('a title makes no link, picture or line of its own in the list of sources', async () => {
    const { choices } = await client.chat.completions.create({ model: 'ka:all', messages: question });
    const list = choices[0]?.message.content?.split('Sources:\n\n')[1] as string;
    expect(list.split('\n')[1]).toBe(
      String.raw`- [2] [\]\(http://evil.example\) \!\[x\]\(http://evil.example/x.png\) \<b\>, page 1](https://ka.example/library/d2?page=1&start=0&end=4) (does not confirm the sentence)`,
    );
    expect(list.split('\n')).toHaveLength(2);
  });

  test('an image in the words of a document stays text, also when it comes in pieces', async () => {
    const pieces = ['Look! !', '[x](http://evil.example/?q) and ', '![y](http://evil.example) [1]!'];
    ask = async function* () {
      for (const text of pieces) yield { type: 'token', text };
      yield { type: 'done', answer: { ...answer, answer: pieces.join('') } };
    };
    try {
      const body = { model: 'ka:all', messages: question } as const;
      const { choices } = await client.chat.completions.create(body);
      const content = choices[0]?.message.content as string;
      expect(content).toContain(
        String.raw`Look! !\[x](http://evil.example/?q) and !\[y](http://evil.example) [1]!`,
      );
      const place = choices[0]?.message.annotations?.[0]?.url_citation;
      expect(content.slice(place?.start_index, place?.end_index)).toBe('[1]');
      let streamed = '';
      for await (const chunk of await client.chat.completions.create({ ...body, stream: true }))
        streamed += chunk.choices[0]?.delta.content ?? '';
      expect(streamed).toBe(content);
    } finally {
      ask = whole;
    }
  });

  test('is streamed as it comes, with usage when asked for', async () => {
    const stream = await client.chat.completions.create({
      model: 'ka:library',
      messages: question,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.Chat.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));
    const text = deltas.map(({ content }) => content ?? '').join('');
    const once = await client.chat.completions.create({ model: 'ka:library', messages: question });
    expect(text).toBe(once.choices[0]?.message.content);
    expect(deltas[0]?.role).toBe('assistant');
    expect(deltas.find((delta) => 'annotations' in delta)).toEqual({
      annotations: once.choices[0]?.message.annotations,
    });
    expect(chunks.flatMap(({ choices }) => choices.map((c) => c.finish_reason)).filter(Boolean)).toEqual([
      'stop',
    ]);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 10 } });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  test('what nothing bears out is followed by what takes its place, and gets none of its citations', async () => {
    ask = async function* () {
      yield { type: 'token', text: 'The harbour has nine castles [1].' };
      yield { type: 'done', answer: { ...answer, fallback: 'unsupported' } };
    };
    try {
      const stream = await client.chat.completions.create({
        model: 'ka:library',
        messages: question,
        stream: true,
      });
      let content = '';
      const annotations: { url_citation: { start_index: number; end_index: number } }[] = [];
      for await (const { choices } of stream) {
        const delta = choices[0]?.delta as { content?: string; annotations?: typeof annotations };
        content += delta?.content ?? '';
        annotations.push(...(delta?.annotations ?? []));
      }
      const [said = '', corrected = ''] = content.split('In their own words:');
      expect(said).toContain('nine castles [1].\n\n**Your documents do not bear out');
      expect(corrected).toContain('The harbour opens at six [2]. It closes at nine [3].');
      expect(corrected).toContain('- [2] [Harbour hours, page 2]');
      const cited = annotations.map(({ url_citation: at }) => content.slice(at.start_index, at.end_index));
      expect(cited).toEqual(['[2]', '[3]']);
      expect(annotations.every(({ url_citation: at }) => at.start_index > said.length)).toBe(true);
    } finally {
      ask = whole;
    }
  });

  test('the stream ends with [DONE] and names no events', async () => {
    const body = { model: 'ka:all', messages: question, stream: true };
    const response = await app.call(user, 'POST /v1/chat/completions', body);
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
      'cache-control': 'no-store',
    });
    const blocks = response.body.split('\n\n').filter((block) => block !== '' && block !== ':');
    expect(blocks.every((block) => /^data: [^\n]+$/.test(block))).toBe(true);
    expect(blocks.at(-1)).toBe('data: [DONE]');
    expect(JSON.parse((blocks[0] as string).slice(6))).not.toHaveProperty('usage');
  });

  test('the openai package puts a stream together by itself', async () => {
    const stream = client.chat.completions.stream({ model: 'ka:library', messages: question });
    const last = await stream.finalChatCompletion();
    expect(last.choices[0]?.message.content).toContain(answer.answer);
  });

  test('an answer that found nothing has no sources', async () => {
    ask = fakeAnswering.ask;
    try {
      const { choices, ...rest } = await client.chat.completions.create({
        model: 'ka:all',
        messages: question,
      });
      expect(choices[0]?.message).toMatchObject({
        content: 'Nothing in the documents answers this.',
        annotations: [],
      });
      expect(rest).toMatchObject({ knowledge: { answered: false, citations: [] } });
    } finally {
      ask = whole;
    }
  });

  test('the last message of the user is the question, in parts too', async () => {
    await client.chat.completions.create({
      model: 'ka:all',
      messages: [
        { role: 'user', content: 'An earlier question?' },
        { role: 'assistant', content: 'An earlier answer.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And when' },
            { type: 'text', text: 'does it close?' },
          ],
        },
      ],
    });
    expect(asked.at(-1)?.request.query).toBe('And when\ndoes it close?');
    expect(history).toMatchObject([{ question: 'An earlier question?', answer: 'An earlier answer.' }]);
  });

  test('what was said before comes along without our list of sources; an id stands for all up to it', async () => {
    const first = await client.chat.completions.create({ model: 'ka:all', messages: question });
    const reply = first.choices[0]?.message.content as string;
    expect(reply).toContain('Sources:');
    const say = async (before: string) => {
      await client.chat.completions.create({
        model: 'ka:all',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: before },
          { role: 'user', content: 'Hello?' },
          { role: 'assistant', content: reply },
          { role: 'user', content: 'And on Sundays?' },
          { role: 'assistant', content: 'At noon.' },
          { role: 'user', content: 'Why?' },
        ],
      });
      return history;
    };
    const said = await say('Hello?');
    expect(said.map(({ question: q, answer: a }) => [q, a])).toEqual([
      ['Hello?', answer.answer],
      ['And on Sundays?', 'At noon.'],
    ]);
    expect(await say('Who are you?')).toEqual(said);
    expect(new Set(said.map(({ id }) => id)).size).toBe(2);
  });

  test.each([
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'assistant', content: 'Hello' }] }, 'messages'],
    [{ messages: [{ role: 'user', content: 'x' }] }, 'messages'],
    [{ messages: [{ role: 'user', content: 'x'.repeat(1001) }] }, 'messages'],
    [{ messages: [{ role: 'user', content: null }] }, 'messages'],
    [{ messages: [{ role: 'somebody', content: 'long enough' }] }, 'messages.0.role'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }, 'messages'],
    [{ messages: 'hello' }, 'messages'],
    [{ messages: question, stream: 'yes' }, 'stream'],
    [{ model: '', messages: question }, 'model'],
  ])('%j is refused in the shape of OpenAI', async (body, param) => {
    const response = await app.call(user, 'POST /v1/chat/completions', { model: 'ka:all', ...body });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({
      error: { message: expect.any(String), type: 'invalid_request_error', param, code: 'validation' },
    });
  });

  test('a body that is no JSON is refused in the same shape', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/v1/chat/completions',
      headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
      payload: '{"model": ',
    });
    expect([response.statusCode, response.json().error.code]).toEqual([400, 'malformed_body']);
  });

  test('a fault before the answer has its status, in a stream too', async () => {
    // biome-ignore lint/correctness/useYield: it is refused before it has anything to give
    ask = async function* () {
      throw new AppError('OVERLOADED', 'Too many questions.', { retryAfterSeconds: 7 });
    };
    try {
      for (const stream of [false, true]) {
        const refused = await refusalOf(
          client.chat.completions.create({ model: 'ka:all', messages: question, stream }),
        );
        expect([refused.status, refused.code, refused.headers?.get('retry-after')]).toEqual([
          503,
          'overloaded',
          '7',
        ]);
      }
    } finally {
      ask = whole;
    }
  });

  test('a fault in the middle ends the stream with an error that tells nothing of ours', async () => {
    ask = async function* () {
      yield { type: 'sources', sources: [] };
      yield { type: 'token', text: 'The harbour' };
      throw new Error('secret detail');
    };
    try {
      const stream = await client.chat.completions.create({
        model: 'ka:all',
        messages: question,
        stream: true,
      });
      let text = '';
      const refused = await refusalOf(
        (async () => {
          for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
        })(),
      );
      expect(text).toBe('The harbour');
      expect(refused.message).not.toContain('secret');
      expect(refused.code).toBe('internal');
      expect(app.logged.some((line) => JSON.stringify(line).includes('secret detail'))).toBe(true);
    } finally {
      ask = whole;
    }
  });

  test.each([true, false])('a client that leaves ends the generation (stream: %s)', async (stream) => {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    ask = async function* (_user, _request, signal) {
      try {
        yield { type: 'token', text: 'It' };
        begun.resolve();
        await once(signal, 'abort');
        yield { type: 'token', text: ' goes on' };
      } finally {
        ended.resolve();
      }
    };
    try {
      const leaving = new AbortController();
      const request = client.chat.completions
        .create({ model: 'ka:all', messages: question, stream }, { signal: leaving.signal })
        .then(async (answered) => {
          if (Symbol.asyncIterator in answered) for await (const _ of answered);
        })
        .catch(() => undefined);
      await begun.promise;
      leaving.abort();
      await ended.promise;
      await request;
    } finally {
      ask = whole;
    }
  });

  test('an answer counts as every other question does', async () => {
    const own = await testApp({
      env: { PORT: '0' },
      services: { answering: { ...fakeAnswering, ask: whole } },
    });
    const person = await registerUser(own);
    const body = { model: 'ka:all', messages: question };
    const response = await own.call(person, 'POST /v1/chat/completions', body);
    await own.call(person, 'POST /v1/embeddings', { model: 'ka:embeddings', input: ['a', 'b'] });
    expect(response.headers['server-timing']).toMatch(/^embed;dur=1, vector;dur=2, generate;dur=4, total/);
    await own.server.app.close();
    expect(await own.db.selectFrom('usage').selectAll().orderBy('kind').execute()).toMatchObject([
      { user_id: person.id, kind: 'answer', requests: 1, prompt_tokens: 0 },
      { user_id: person.id, kind: 'embedding', requests: 1, model: 'fake/words/1/384/sum/l2' },
    ]);
  });

  test('without PUBLIC_URL links lead to the address that was asked', async () => {
    const own = await testApp({ services: { answering: { ...fakeAnswering, ask: whole } } });
    const person = await registerUser(own);
    const linkFor = async (host: string) =>
      (
        await own.call(person, 'POST /v1/chat/completions', { model: 'ka:all', messages: question }, { host })
      ).json().choices[0].message.annotations[0].url_citation.url;
    expect(await linkFor('knowledge.local:8000')).toBe(
      'http://knowledge.local:8000/library/d1?page=2&start=10&end=35',
    );
    expect(await linkFor('x](y z')).toMatch(/^http:\/\/127\.0\.0\.1:8000\/library/);
  });
});

describe('embeddings', () => {
  test('are float32 in either encoding, in the order of the texts', async () => {
    const input = ['the harbour', 'opens at six'];
    const [floats, base64] = await Promise.all([
      client.embeddings.create({ model: 'ka:embeddings', input, encoding_format: 'float' }),
      // the package asks for base64 by itself and decodes it
      client.embeddings.create({ model: 'ka:embeddings', input }),
    ]);
    const wanted = await createFakeEmbedder().embed(input, 'passage');
    expect(floats.data.map(({ embedding }) => embedding)).toEqual(wanted.map((vector) => [...vector]));
    expect(base64.data).toEqual(floats.data);
    expect(floats).toMatchObject({ object: 'list', model: 'ka:embeddings' });
    expect(floats.usage.prompt_tokens).toBeGreaterThan(3);
    const single = await client.embeddings.create({ model: 'ka:embeddings', input: 'the harbour' });
    expect(single.data).toEqual([floats.data[0]]);
  });

  test('a long list is cut into calls that the model takes', async () => {
    const input = Array.from({ length: 150 }, (_, i) => `text ${i}`);
    const { data } = await client.embeddings.create({ model: 'ka:embeddings', input, dimensions: 384 });
    expect(data.map(({ index }) => index)).toEqual(input.map((_, i) => i));
  });

  test.each([
    [{ input: '' }, 400, 'validation', 'input'],
    [{ input: [] }, 400, 'validation', 'input'],
    [{ input: ['fine', ''] }, 400, 'validation', 'input.1'],
    [{ input: [1212, 318] }, 400, 'validation', 'input'],
    [{ input: 'x'.repeat(32_001) }, 400, 'validation', 'input'],
    [{ input: Array.from({ length: 2049 }, () => 'x') }, 400, 'validation', 'input'],
    [{ input: 'x', encoding_format: 'int8' }, 400, 'validation', 'encoding_format'],
    [{ input: 'x', dimensions: 256 }, 400, 'validation', 'dimensions'],
    [{ input: 'x', model: 'text-embedding-3-small' }, 404, 'model_not_found', null],
    [{ input: 'x'.repeat(9_000_000) }, 413, 'body_too_large', null],
  ])('%# is refused', async (body, status, code, param) => {
    const response = await app.call(user, 'POST /v1/embeddings', { model: 'ka:embeddings', ...body });
    expect([response.statusCode, response.json().error.code, response.json().error.param]).toEqual([
      status,
      code,
      param,
    ]);
  });

  test('one user has one full request under way at a time, and a fault gives its room back', async () => {
    const go = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const fake = createFakeEmbedder();
    let failing = true;
    const slow: Embedder = {
      ...fake,
      async embed(texts, purpose, signal) {
        begun.resolve();
        await go.promise;
        if (failing) throw new Error('the model is away');
        return fake.embed(texts, purpose, signal);
      },
    };
    const own = await testApp({ services: { embedder: slow } });
    const [first, second] = [await registerUser(own), await registerUser(own)];
    const send = (who: TestUser, count: number) =>
      own.call(who, 'POST /v1/embeddings', {
        model: 'ka:embeddings',
        input: Array.from({ length: count }, () => 'text'),
      });
    const running = send(first, 2048);
    await begun.promise;
    const refused = await send(first, 1);
    expect([refused.statusCode, refused.json().error.type]).toEqual([429, 'rate_limit_error']);
    expect(refused.headers['retry-after']).toBe('2');
    const beside = send(second, 1);
    go.resolve();
    expect((await running).statusCode).toBe(500);
    expect((await beside).statusCode).toBe(500);
    failing = false;
    expect((await send(first, 2048)).statusCode).toBe(200);
  });
});

describe('who may not', () => {
  const requests = (by: OpenAI) => [
    () => by.models.list(),
    () => by.models.retrieve('ka:library'),
    () => by.chat.completions.create({ model: 'ka:library', messages: question }),
    () => by.chat.completions.create({ model: 'ka:library', messages: question, stream: true }),
    () => by.embeddings.create({ model: 'ka:embeddings', input: 'text' }),
  ];

  test('a wrong key is told so in the shape of OpenAI', async () => {
    for (const request of requests(clientOf('ka_wrong'))) {
      const refused = await refusalOf(request());
      expect([refused.status, refused.code, refused.type]).toEqual([
        401,
        'invalid_api_key',
        'authentication_error',
      ]);
    }
  });

  test('a key without the scope for reading reads nothing', async () => {
    for (const request of requests(clientOf(await keyOf(user, ['write'])))) {
      const refused = await refusalOf(request());
      expect([refused.status, refused.code]).toEqual([403, 'forbidden']);
    }
  });

  test('the rate limit counts these routes with all others', async () => {
    const own = await testApp({ env: { PORT: '0', RATE_LIMIT_PER_MINUTE: '4' } });
    const person = await registerUser(own);
    const by = clientOf(person.token, `${await own.server.listen()}/v1`);
    let refused: unknown;
    for (let i = 0; i < 5 && refused === undefined; i++)
      refused = await by.models.list().then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(refused).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect((refused as APIError).headers?.get('retry-after')).toBeTruthy();
  });
});
