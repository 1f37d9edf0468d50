import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { registerClient } from '../../bench/lib/server.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import { reindex } from '../../src/server/cli/reindex.ts';
import { readConfig } from '../../src/server/config.ts';
import { startFakeEmbeddingServer } from '../support/fake-embedding-server.ts';
import { FAKE_KEY } from '../support/fake-language-model.ts';
import { startQdrantDouble } from '../support/qdrant-double.ts';
import { openReplica } from '../support/replica.ts';

test('an installation that gets a Qdrant, and later an empty one, brings its vectors there by itself', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-move-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const embedded = await openReplica({ DATA_DIR: dataDir });
  const before = await registerClient(embedded.url);
  const { taskId } = await before.upload([
    { name: 'light.txt', bytes: Buffer.from('The lamp burned colza oil.') },
  ]);
  await before.finished(taskId);
  await embedded.close();

  for (const _ of ['moved', 'lost']) {
    const qdrant = await startQdrantDouble();
    const scaled = await openReplica({ DATA_DIR: dataDir, QDRANT_URL: qdrant.url });
    const client = await registerClient(scaled.url);
    const search = () =>
      client.post<SearchResult>('/api/v1/search', { query: 'what did the lamp burn', mode: 'vector' });
    // the empty answer that is kept meanwhile is not the last word
    while ((await search()).hits.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await search()).hits[0]?.text).toContain('colza');
    await scaled.close();
    await qdrant.close();
  }
}, 30_000);

test('ka reindex fills a collection of its own in Qdrant, and what is searched changes over when it is full', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-move-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const fake = await startFakeEmbeddingServer();
  onTestFinished(() => fake.close());
  const qdrant = await startQdrantDouble();
  onTestFinished(() => qdrant.close());
  const first = { DATA_DIR: dataDir, QDRANT_URL: qdrant.url };
  const bundled = await openReplica(first);
  const uploader = await registerClient(bundled.url);
  const { taskId } = await uploader.upload([
    { name: 'light.txt', bytes: Buffer.from('The lamp burned colza oil.') },
  ]);
  await uploader.finished(taskId);
  await bundled.close();

  const settings = {
    ...first,
    EMBEDDING_PROVIDER: 'openai-compatible',
    EMBEDDING_BASE_URL: fake.baseUrl('openai'),
    EMBEDDING_MODEL: 'house-model',
    EMBEDDING_DIMENSIONS: '96',
    OPENAI_API_KEY: FAKE_KEY,
    LLM_PROVIDER: 'extractive',
  };
  const server = await openReplica(settings);
  onTestFinished(() => server.close());
  const client = await registerClient(server.url);
  const search = () =>
    client.post<SearchResult>('/api/v1/search', { query: 'what did the lamp burn', mode: 'vector' });
  expect((await search()).hits).toHaveLength(1);
  expect(fake.seen).toHaveLength(0);
  const silent = vi.spyOn(console, 'log').mockImplementation(() => {});
  onTestFinished(() => silent.mockRestore());
  expect(await reindex(readConfig(settings), { yes: true, dryRun: false, json: true })).toBe(0);
  await expect.poll(() => server.installation.embedder.dimensions, { timeout: 10_000 }).toBe(96);
  await expect.poll(async () => (await search()).hits.length, { timeout: 10_000 }).toBe(1);
  expect([...qdrant.collections.keys()]).toEqual([expect.stringMatching(/-96-/)]);
}, 60_000);
