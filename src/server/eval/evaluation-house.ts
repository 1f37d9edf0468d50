import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RetrievePorts } from '../answer/retrieve.ts';
import { createMemoryCache } from '../drivers/cache/memory.ts';
import { createBundledEmbedder } from '../drivers/embedder/bundled.ts';
import type { Cache } from '../ports/cache.ts';
import type { Embedder } from '../ports/embedder.ts';
import { openSqlite, prepareSqlite } from '../records/sqlite.ts';
import { startSearchThread } from '../threads/start-search-thread.ts';
import type { EvalDocument } from './beir.ts';
import { type IndexedCorpus, indexCorpus } from './index-corpus.ts';
import { type KeptVectors, keepVectors } from './kept-vectors.ts';

/** A temporary installation that holds one corpus. */
export interface EvaluationHouse extends RetrievePorts {
  readonly corpus: IndexedCorpus;
  /** The model itself, and the same with what it made kept. */
  readonly model: Embedder;
  readonly embedder: KeptVectors;
  readonly cache: Cache;
  close(): Promise<void>;
}

export interface EvaluationOptions {
  readonly modelDir: string;
  /** Keeps vectors from run to run. */
  readonly cacheDir: string;
  readonly log: (line: string) => void;
}

const VECTOR_MEMORY = 256 * 2 ** 20;

export const defaultCacheDir = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'knowledge-assistant', 'eval');

export async function openEvaluationHouse(
  documents: readonly EvalDocument[],
  { modelDir, cacheDir, log }: EvaluationOptions,
): Promise<EvaluationHouse> {
  const dir = mkdtempSync(join(tmpdir(), 'ka-eval-'));
  const databasePath = join(dir, 'ka.sqlite');
  prepareSqlite(databasePath);
  const connection = openSqlite(databasePath);
  const model = createBundledEmbedder({ modelDir });
  const embedder = keepVectors(model, cacheDir);
  const corpus = await indexCorpus(connection, embedder, documents, log);
  const thread = startSearchThread({
    records: { kind: 'sqlite', path: databasePath },
    dimensions: embedder.dimensions,
    memoryLimitBytes: VECTOR_MEMORY,
  });
  const cache = createMemoryCache({ maxEntries: 0, maxBytes: 0 });
  return {
    corpus,
    model,
    embedder,
    cache,
    db: connection.db,
    vectors: thread.vectors,
    texts: thread.texts,
    embedQuestion: async (question, signal) =>
      (await embedder.embed([question], 'query', signal))[0] as Float32Array,
    async close() {
      await thread.close();
      await embedder.close();
      await connection.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
