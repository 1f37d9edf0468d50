import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AnswerEvent } from '../../src/contract/query.ts';
import { createFakeEmbedder } from '../support/fake-embedder.ts';
import { fakeAnswering, registerUser, startTestApp, type TestApp } from '../support/http.ts';
import { madeAnswer } from '../support/made-answer.ts';

const answer = madeAnswer({
  answer: 'The harbour opens at six [1].',
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
  usage: { promptTokens: 7, completionTokens: 3, costUsd: 0 },
});
const text = `${answer.answer}\n\nSources:\n\n- [1] [Harbour hours, page 2](https://ka.example/library/d1?page=2&start=10&end=34)`;
const prompt = [
  { role: 'user' as const, content: [{ type: 'text' as const, text: 'When does the harbour open?' }] },
];

let app: TestApp;
let provider: ReturnType<typeof createOpenAICompatible>;

beforeAll(async () => {
  app = await startTestApp({
    env: { PORT: '0', PUBLIC_URL: 'https://ka.example' },
    services: {
      answering: {
        ...fakeAnswering,
        async *ask(): AsyncGenerator<AnswerEvent> {
          yield { type: 'token', text: 'The harbour opens' };
          yield { type: 'token', text: ' at six [1].' };
          yield { type: 'done', answer };
        },
      },
    },
  });
  const user = await registerUser(app);
  provider = createOpenAICompatible({
    name: 'knowledge',
    baseURL: `${await app.server.listen()}/v1`,
    apiKey: user.token,
    includeUsage: true,
  });
});
afterAll(() => app.close());

test("the AI SDK's provider gets an answer with its sources in the text", async () => {
  const made = await provider('ka:library').doGenerate({ prompt });
  expect(made).toMatchObject({
    content: [{ type: 'text', text }],
    finishReason: { unified: 'stop' },
    usage: { inputTokens: { total: 7 }, outputTokens: { total: 3 } },
  });
});

test("the AI SDK's provider streams an answer", async () => {
  const { stream } = await provider('ka:library').doStream({ prompt });
  const parts = await Array.fromAsync(stream);
  expect(parts.map((part) => (part.type === 'text-delta' ? part.delta : '')).join('')).toBe(text);
  expect(parts.at(-1)).toMatchObject({ type: 'finish', usage: { inputTokens: { total: 7 } } });
});

test("the AI SDK's provider embeds texts", async () => {
  const values = ['the harbour', 'opens at six'];
  const { embeddings } = await provider.embeddingModel('ka:embeddings').doEmbed({ values });
  const wanted = await createFakeEmbedder().embed(values, 'passage');
  expect(embeddings).toEqual(wanted.map((vector) => [...vector]));
});

test("the AI SDK's provider reads what a refusal says", async () => {
  await expect(provider('ka:secret').doGenerate({ prompt })).rejects.toMatchObject({
    name: 'AI_APICallError',
    statusCode: 404,
    message: expect.stringContaining('no such model'),
  });
});
