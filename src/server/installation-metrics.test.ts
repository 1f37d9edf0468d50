import { expect, test } from 'vitest';
import { newPostgresDatabase } from '../../test/support/stores.ts';
import { watchInstallation } from './installation-metrics.ts';
import { createMetrics } from './metrics.ts';
import { openRecords } from './records/open-records.ts';

test('how the pool of connections stands is told with the metrics', async () => {
  const records = await openRecords({
    kind: 'postgres',
    url: await newPostgresDatabase(),
    poolSize: 2,
    caFile: undefined,
  });
  const metrics = createMetrics();
  watchInstallation(metrics, {
    records,
    queue: { depth: async () => ({ queued: 0, running: 0, failed: 0 }) },
    answering: { vectorCache: { kept: () => ({ bytes: 0 }) } },
    usage: { spent: () => ({ promptTokens: 0, completionTokens: 0, costUsd: 0 }) },
    vectorStats: async () => ({ loadedBytes: 0, loadedRows: 0, loadedCollections: 0 }),
  } as unknown as Parameters<typeof watchInstallation>[1]);
  const holding = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const work = records.db.transaction().execute(async (tx) => {
    await tx.selectFrom('settings').selectAll().execute();
    begun.resolve();
    await holding.promise;
  });
  await begun.promise;
  const text = await metrics.prometheus();
  expect(text).toContain('ka_database_connections{state="busy"} 1');
  expect(text).toContain('ka_database_connections{state="waiting"} 0');
  holding.resolve();
  await work;
  await records.close();
});
