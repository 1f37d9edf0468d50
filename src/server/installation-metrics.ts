import { stat } from 'node:fs/promises';
import type { Installation } from './app.ts';
import type { Metrics } from './metrics.ts';

/** Tells the operators of the queue, the database and the index. What is costly is read when they ask. */
export function watchInstallation(
  metrics: Metrics,
  {
    config,
    queue,
    answering,
    vectorStats,
  }: Pick<Installation, 'config' | 'queue' | 'answering' | 'vectorStats'>,
): void {
  metrics.gauge(
    'ka_jobs',
    'Jobs by state',
    async () => {
      const { queued, running, failed } = await queue.depth();
      return { queued, running, failed };
    },
    'state',
  );
  const bytesOf = async (file: string) => (await stat(file).catch(() => undefined))?.size ?? 0;
  metrics.gauge(
    'ka_database_bytes',
    'Size of the database and of its write-ahead log',
    async () => ({
      main: await bytesOf(config.databasePath),
      log: await bytesOf(`${config.databasePath}-wal`),
    }),
    'file',
  );
  metrics.gauge(
    'ka_question_vectors_bytes',
    'What kept vectors of questions take, about',
    () => answering.keptVectors().bytes,
  );
  metrics.gauge(
    'ka_index_loaded_bytes',
    'Vector codes in memory',
    async () => (await vectorStats()).loadedBytes,
  );
  metrics.gauge('ka_index_loaded_vectors', 'Vectors in memory', async () => (await vectorStats()).loadedRows);
  metrics.gauge(
    'ka_index_loaded_collections',
    'Collections whose vectors are in memory',
    async () => (await vectorStats()).loadedCollections,
  );
}
