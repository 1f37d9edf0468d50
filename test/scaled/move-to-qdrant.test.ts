import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { registerClient } from '../../bench/lib/server.ts';
import type { SearchResult } from '../../src/contract/search.ts';
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
