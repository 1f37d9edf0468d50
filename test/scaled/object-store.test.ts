import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { registerClient } from '../../bench/lib/server.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import { openReplica } from '../support/replica.ts';
import { startS3Double } from '../support/s3-double.ts';

test('an installation keeps its files in a bucket alone: read, found, given back, and gone when deleted', async () => {
  const s3 = await startS3Double({ sessionToken: 'of a role' });
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-bucket-'));
  const replica = await openReplica({
    DATA_DIR: dataDir,
    STORAGE_URL: `s3://${s3.bucket}/team`,
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: s3.url,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: 'of a role',
  });
  onTestFinished(async () => {
    await replica.close();
    await s3.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const client = await registerClient(replica.url);
  const text = 'Ottilie Marsh built the Veldran lighthouse in 1887.';
  const { taskId, documents } = await client.upload([{ name: 'light.txt', bytes: Buffer.from(text) }]);
  const [{ id }] = documents as [{ id: string }];
  expect((await client.finished(taskId)).status).toBe('completed');
  expect([...s3.objects].map(([name, { bytes }]) => [name.split('/')[0], bytes.toString()])).toEqual([
    ['team', text],
  ]);
  expect(existsSync(join(dataDir, 'files'))).toBe(false);
  expect(readdirSync(join(dataDir, 'scratch'))).toEqual([]);

  const { hits } = await client.post<SearchResult>('/api/v1/search', { query: 'who built the lighthouse' });
  expect(hits.map(({ documentId }) => documentId)).toEqual([id]);
  const authorization = `Bearer ${client.token}`;
  const file = await fetch(`${replica.url}/api/v1/documents/${id}/file`, { headers: { authorization } });
  expect(await file.text()).toBe(text);
  const health = (await (await fetch(`${replica.url}/health/detailed`)).json()) as {
    checks: { storage: { status: string; detail?: string } };
  };
  expect(health.checks.storage).toMatchObject({ status: 'healthy', detail: 'S3, bucket documents' });

  await fetch(`${replica.url}/api/v1/documents/${id}`, { method: 'DELETE', headers: { authorization } });
  while (s3.objects.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(replica.logged.filter((line) => line.includes('"level":"error"'))).toEqual([]);
}, 30_000);
