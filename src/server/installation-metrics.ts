import type { Installation } from './app.ts';
import type { Metrics } from './metrics.ts';

/** Tells the operators of the queue, the database and the index. What is costly is read when they ask. */
export function watchInstallation(
  metrics: Metrics,
  {
    records,
    queue,
    answering,
    usage,
    vectorStats,
  }: Pick<Installation, 'records' | 'queue' | 'answering' | 'usage' | 'vectorStats'>,
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
  metrics.gauge(
    'ka_database_bytes',
    'Size of the database and of its write-ahead log',
    records.bytes,
    'file',
  );
  if (records.pool() !== undefined)
    metrics.gauge(
      'ka_database_connections',
      'Connections of this process for requests, and statements that wait for one',
      () => records.pool() ?? {},
      'state',
    );
  const { replicas } = records;
  if (replicas !== undefined) {
    metrics.gauge(
      'ka_database_replicas',
      'Read replicas by whether they are in use',
      () => {
        const all = replicas.states();
        const used = all.filter(({ out }) => out === undefined).length;
        return { in: used, out: all.length - used };
      },
      'state',
    );
    metrics.gauge(
      'ka_database_replica_lag_seconds',
      'How far a read replica is behind, where it is known',
      () =>
        Object.fromEntries(
          replicas.states().flatMap(({ name, lagMs }) => (lagMs === undefined ? [] : [[name, lagMs / 1000]])),
        ),
      'replica',
    );
  }
  metrics.gauge(
    'ka_question_vectors_bytes',
    'What kept vectors of questions take, about',
    () => answering.vectorCache.kept().bytes,
  );
  metrics.total(
    'ka_model_tokens_total',
    'Tokens that models took, as they are counted for usage',
    () => ({ prompt: usage.spent().promptTokens, completion: usage.spent().completionTokens }),
    'kind',
  );
  metrics.total(
    'ka_model_cost_usd_total',
    'What models cost, by the price table',
    () => usage.spent().costUsd,
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
