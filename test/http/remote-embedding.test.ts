import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { type Client, clientWith, registerClient } from '../../bench/lib/server.ts';
import type { Answer } from '../../src/contract/query.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import type { Task } from '../../src/contract/tasks.ts';
import { createServer, openInstallation } from '../../src/server/app.ts';
import { reindex } from '../../src/server/cli/reindex.ts';
import { type Config, readConfig } from '../../src/server/config.ts';
import { createLog } from '../../src/server/log.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { type FakeEmbeddingServer, startFakeEmbeddingServer } from '../support/fake-embedding-server.ts';
import { FAKE_KEY } from '../support/fake-language-model.ts';

const LIGHTHOUSE = `The lighthouse of Skerry Point was built in 1871 by Agnes Rowan. Its lamp burned colza oil.

In winter the keeper rowed to the mainland every second week for bread and letters.`;

let fake: FakeEmbeddingServer;
let dataDir: string;
beforeEach(async () => {
  fake = await startFakeEmbeddingServer();
  dataDir = mkdtempSync(join(tmpdir(), 'ka-remote-'));
});
afterEach(async () => {
  await fake.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const configOf = (settings: Record<string, string>): Config =>
  readConfig({
    DATA_DIR: dataDir,
    PORT: '0',
    RATE_LIMIT_PER_MINUTE: '0',
    LLM_PROVIDER: 'extractive',
    OPENAI_API_KEY: FAKE_KEY,
    ...settings,
  });
const OPENAI = () => ({ EMBEDDING_PROVIDER: 'openai', EMBEDDING_BASE_URL: fake.baseUrl('openai') });
const HOUSE = () => ({
  EMBEDDING_PROVIDER: 'openai-compatible',
  EMBEDDING_BASE_URL: fake.baseUrl('openai'),
  EMBEDDING_MODEL: 'house-model',
  EMBEDDING_DIMENSIONS: '96',
});

async function start(settings: Record<string, string>) {
  const logged: string[] = [];
  const installation = await openInstallation(configOf(settings), {
    log: createLog('info', (line) => void logged.push(line)),
  });
  const server = await createServer(installation, createMetrics());
  const url = await server.listen();
  await installation.ready;
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await server.drain(1000);
    await installation.close();
  };
  onTestFinished(close);
  return { installation, url, logged, close };
}

async function upload(url: string, email = 'ann@example.org'): Promise<Client> {
  const client = await registerClient(url, email);
  const { taskId } = await client.upload([{ name: 'lighthouse.txt', bytes: Buffer.from(LIGHTHOUSE) }]);
  expect(await client.finished(taskId)).toMatchObject({ status: 'completed' });
  return client;
}
const search = (client: Client, query: string, mode = 'hybrid') =>
  client.post<SearchResult>('/api/v1/search', { query, mode });
async function embeddingsCheck(url: string): Promise<{ status: string; detail: string }> {
  const health = (await (await fetch(`${url}/health/detailed`)).json()) as {
    checks: { embeddings: { status: string; detail: string } };
  };
  return health.checks.embeddings;
}
const modelsAsked = (from = 0) => [...new Set(fake.seen.slice(from).map(({ model }) => model))];

/** What a command printed. */
async function printed(work: () => Promise<number>): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  try {
    return { code: await work(), text: lines.join('\n') };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}
const NO = { yes: false, dryRun: false, json: false };

test('documents and questions are embedded by the provider, paid by whose they are, and cited as ever', async () => {
  const { url, installation, logged } = await start(OPENAI());
  const ann = await upload(url);
  expect(modelsAsked()).toEqual(['text-embedding-3-small']);
  expect(logged.join()).not.toContain('no known price');
  const { hits } = await search(ann, 'who built the lighthouse', 'vector');
  expect(hits[0]?.scores.vector).toBeGreaterThan(0);
  const answer = await ann.post<Answer>('/api/v1/query', {
    query: 'Who built the lighthouse of Skerry Point?',
  });
  expect(answer).toMatchObject({ answered: true, citations: [{ supported: true }] });
  expect(answer.answer).toContain('Agnes Rowan');
  await installation.usage.flush();
  await expect
    .poll(() => installation.db.selectFrom('usage').selectAll().where('kind', '=', 'embedding').execute())
    .toMatchObject([{ model: 'text-embedding-3-small', prompt_tokens: expect.any(Number) }]);
  const [row] = await installation.db
    .selectFrom('usage')
    .selectAll()
    .where('kind', '=', 'embedding')
    .execute();
  expect(row?.cost_usd).toBeCloseTo((Number(row?.prompt_tokens) * 0.02) / 1e6, 12);
});

test('while the provider is away documents are found by words, and vectors follow when it is back', async () => {
  const { url, installation, logged } = await start(OPENAI());
  fake.fault = () => ({ status: 503 });
  const client = await registerClient(url);
  const { taskId, documents } = await client.upload([
    { name: 'lighthouse.txt', bytes: Buffer.from(LIGHTHOUSE) },
  ]);
  await expect
    .poll(() => client.get<{ status: string }>(`/api/v1/documents/${documents[0]?.id}`), { timeout: 20_000 })
    .toMatchObject({ status: 'embedding' });
  const found = await search(client, 'colza oil');
  expect(found.hits[0]).toMatchObject({ documentId: documents[0]?.id });
  expect(found.hits[0]?.scores).not.toHaveProperty('vector');
  expect(found.degraded).toBe('vectors');
  expect(await search(client, 'colza oil', 'keyword')).not.toHaveProperty('degraded');
  const { id: conversationId } = await client.post<{ id: string }>('/api/v1/conversations', {});
  const { answered, degraded } = await client.post<Answer>('/api/v1/query', {
    query: 'What did the lamp of Skerry Point burn?',
    conversationId,
  });
  expect({ answered, degraded }).toEqual({ answered: true, degraded: 'vectors' });
  const kept = await client.get<{ items: { degraded?: string }[] }>(
    `/api/v1/conversations/${conversationId}/messages`,
  );
  expect(kept.items.map((message) => message.degraded).filter(Boolean)).toEqual(['vectors']);
  expect((await embeddingsCheck(url)).detail).toContain('OpenAI failed with status 503');
  expect(logged.join()).toMatch(/embedding model failed.*status 503/);
  fake.fault = () => undefined;
  await installation.db
    .updateTable('jobs')
    .set({ run_at: new Date(0).toISOString() })
    .where('state', '=', 'queued')
    .execute();
  expect(await client.finished(taskId)).toMatchObject({ status: 'completed' });
});

test('another model in the settings mixes nothing: the vectors that are there serve until ka reindex has made new ones', async () => {
  const first = await start(OPENAI());
  await upload(first.url);
  await first.close();
  const { url, installation, logged } = await start(HOUSE());
  expect(logged.join()).toContain('npx ka reindex');
  const ann = await registerClient(url, 'ann@example.org');
  expect(await embeddingsCheck(url)).toMatchObject({
    status: 'degraded',
    detail: expect.stringContaining('npx ka reindex'),
  });

  // words alone until then: this provider's settings can't ask the other one
  const before = await search(ann, 'bread and letters');
  expect(before.hits).toHaveLength(1);
  const asked = fake.seen.length;

  const { code, text } = await printed(() => reindex(configOf(HOUSE()), { ...NO, yes: true }));
  expect([code, text]).toEqual([0, expect.stringMatching(/1 passages? .*[\s\S]*Searches use them/)]);
  expect(modelsAsked(asked)).toEqual(['house-model']);

  await expect
    .poll(() => installation.embedder.fingerprint, { timeout: 10_000 })
    .toBe('openai-compatible/house-model/96');
  await expect
    .poll(
      async () => (await search(ann, 'bread and letters', 'vector').catch(() => undefined))?.hits.length,
      {
        timeout: 10_000,
      },
    )
    .toBe(1);
  const bob = await upload(url, 'bob@example.org');
  expect((await search(bob, 'colza oil', 'vector')).hits).toHaveLength(1);
  expect(await installation.db.selectFrom('vectors_next').select('key').execute()).toEqual([]);
  expect(await printed(() => reindex(configOf(HOUSE()), NO))).toMatchObject({
    code: 0,
    text: expect.stringContaining('nothing to do'),
  });
});

test('ka reindex says what it costs first, and spends nothing before somebody agrees', async () => {
  const first = await start(HOUSE());
  await upload(first.url);
  await first.close();
  const asked = fake.seen.length;
  const { code, text } = await printed(() => reindex(configOf(OPENAI()), NO));
  expect([code, fake.seen.length]).toEqual([1, asked]);
  expect(text).toMatch(/1 passages, 1 different texts, about \d+ tokens/);
  expect(text).toMatch(/for about 0\.0000\d USD by prices of \d{4}-\d\d-\d\d/);
  expect(text).toContain('--yes');
  const dry = await printed(() => reindex(configOf(OPENAI()), { ...NO, dryRun: true, json: true }));
  expect(JSON.parse(dry.text)).toMatchObject({
    from: 'openai-compatible/house-model/96',
    to: 'openai/text-embedding-3-small/1536',
    passages: 1,
    costUsd: expect.any(Number),
  });
  expect(fake.seen.length).toBe(asked);
});

test('what a reindex spends is counted for the owners of the passages, and takes nothing from their budgets', async () => {
  const first = await start(HOUSE());
  const send = async (client: Client, text: string) => {
    const { taskId } = await client.upload([{ name: 'text.txt', bytes: Buffer.from(text) }]);
    return client.finished(taskId);
  };
  const [ann, bob] = [
    await registerClient(first.url, 'ann@example.org'),
    await registerClient(first.url, 'bob@example.org'),
  ];
  await send(ann, LIGHTHOUSE);
  await send(bob, `Bob's copy.\n\n${LIGHTHOUSE}`);
  await first.close();
  const priced = {
    ...OPENAI(),
    // one such document a day
    USER_DAILY_BUDGET_USD: '0.12',
    LLM_PRICES: '{"text-embedding-3-small": {"prompt": 2000, "completion": 0}}',
  };
  const { text } = await printed(() => reindex(configOf(priced), { ...NO, yes: true, json: true }));
  const { tokens } = JSON.parse(text.slice(text.indexOf('{'))) as { tokens: number };
  const { installation, url } = await start(priced);
  const counted = await installation.db
    .selectFrom('usage')
    .where('kind', '=', 'reindex')
    .select(['prompt_tokens', 'cost_usd'])
    .execute();
  expect(counted).toHaveLength(2);
  expect(counted.reduce((sum, row) => sum + row.prompt_tokens, 0)).toBe(tokens);
  expect(Math.min(...counted.map((row) => row.cost_usd))).toBeGreaterThan(0.05);
  const again = clientWith(url, ann.token);
  expect(await send(again, LIGHTHOUSE.replaceAll('Skerry', 'Gannet'))).toMatchObject({ status: 'completed' });
});

test('where the budget does not reach, documents are found by words, and vectors follow when it does', async () => {
  const { url, installation } = await start({
    ...OPENAI(),
    USER_DAILY_BUDGET_USD: '0.01',
    LLM_PRICES: '{"text-embedding-3-small": {"prompt": 1000, "completion": 0}}',
  });
  const ann = await registerClient(url, 'ann@example.org');
  const { taskId } = await ann.upload([{ name: 'lighthouse.txt', bytes: Buffer.from(LIGHTHOUSE) }]);
  await expect
    .poll(() => ann.get<Task>(`/api/v1/tasks/${taskId}`), { timeout: 20_000 })
    .toMatchObject({
      status: 'processing',
      items: [
        {
          error: {
            type: 'urn:ka:error:budget-exceeded',
            detail: expect.stringMatching(/daily budget of \$0\.01/),
          },
        },
      ],
    });
  expect(fake.seen).toHaveLength(0);
  expect((await search(ann, 'colza oil', 'keyword')).hits).toHaveLength(1);
  const texts = ['a text of some length that is paid by the token, as texts are'];
  await expect(ann.post('/v1/embeddings', { model: 'ka:embeddings', input: texts })).rejects.toThrow(
    /403.*budget/,
  );

  await installation.db.updateTable('users').set({ daily_budget_usd: 5 }).execute();
  await installation.db
    .updateTable('jobs')
    .set({ run_at: new Date(0).toISOString() })
    .where('state', '=', 'queued')
    .execute();
  expect(await ann.finished(taskId)).toMatchObject({ status: 'completed' });
  expect(fake.seen).toHaveLength(1);
});

test('a model whose price nobody has named is pointed out, and one whose price the operator names is not', async () => {
  const free = await start(HOUSE());
  expect(free.logged.join()).toMatch(/embedding model has no known price.*house-model.*LLM_PRICES/);
  await free.close();
  const priced = await start({ ...HOUSE(), LLM_PRICES: '{"house-model": {"prompt": 0, "completion": 0}}' });
  expect(priced.logged.join()).not.toContain('no known price');
});

test('a reindex that broke off goes on where it was', async () => {
  const first = await start(HOUSE());
  const client = await registerClient(first.url);
  const long = Array.from(
    { length: 400 },
    (_, i) => `Paragraph ${i} tells of lamp ${i * 7} and oil ${i * 13}.`,
  );
  const { taskId } = await client.upload([
    { name: 'long.txt', bytes: Buffer.from(long.join('\n\n').repeat(8)) },
  ]);
  await client.finished(taskId);
  await first.close();
  const texts = new Set(fake.seen.flatMap((request) => request.texts)).size;
  // a request takes its time however many passages it holds
  expect(Math.max(...fake.seen.map((request) => request.texts.length))).toBe(64);
  const again = () =>
    printed(() =>
      reindex(configOf({ ...OPENAI(), EMBEDDING_DIMENSIONS: '64' }), { ...NO, yes: true, json: true }),
    );
  let left = 2;
  fake.fault = () => (left-- > 0 ? undefined : { status: 400 });
  await expect(again()).rejects.toThrow(/400/);
  fake.fault = () => undefined;
  const outcome = JSON.parse((await again()).text) as { changed: boolean; passages: number };
  // two calls of 64 texts were answered before it broke off
  expect(outcome).toMatchObject({ changed: true });
  expect(outcome.passages).toBe(texts - 128);
});
