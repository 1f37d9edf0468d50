import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { registerClient } from '../../bench/lib/server.ts';
import type { Document } from '../../src/contract/documents.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import type { Task } from '../../src/contract/tasks.ts';
import { openReplica } from '../support/replica.ts';
import { type S3Double, startS3Double } from '../support/s3-double.ts';
import { layWire } from '../support/wire.ts';

test('an installation keeps its files in a bucket alone: read, found, given back, and gone when deleted', async () => {
  const s3 = await startS3Double({ sessionToken: 'of a role' });
  const { replica, dataDir } = await openInBucket(s3, s3.url);
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

test('a bucket that goes away loses nothing: what was taken in waits, what was refused is taken the second time', async () => {
  const s3 = await startS3Double();
  const wire = await layWire(s3.url);
  const { replica } = await openInBucket(s3, wire.url);
  const client = await registerClient(replica.url);
  const authorization = `Bearer ${client.token}`;
  const call = (method: string, path: string, init: RequestInit = {}) =>
    fetch(replica.url + path, { ...init, method, headers: { authorization, ...init.headers } });
  const upload = (name: string) => {
    const body = new FormData();
    body.append('file', new Blob([`The keeper of ${name} counts the ships.`]), name);
    return call('POST', '/api/v1/documents', { body, headers: { 'idempotency-key': `key-of-${name}` } });
  };
  const waitingFor = async () => {
    const { items } = await client.get<{ items: Task[] }>('/api/v1/tasks?active=true');
    return items.flatMap((task) => task.items.map(({ filename, error }) => [filename, error?.type]));
  };
  const filesOf = async () =>
    (await client.get<{ items: Document[] }>('/api/v1/documents?sort=title')).items.map(
      ({ filename, status, chunks }) => [filename, status, chunks],
    );
  const { documents } = await client.upload([
    { name: 'first.txt', bytes: Buffer.from('The keeper of first.txt counts the ships.') },
  ]);
  const [{ id: first }] = documents as [{ id: string }];
  await expect.poll(filesOf, { timeout: 30_000 }).toEqual([['first.txt', 'ready', 1]]);

  // it still takes what it is given
  s3.fail(503, Number.POSITIVE_INFINITY, (request) => request.startsWith('GET'));
  expect((await upload('second.txt')).status).toBe(202);
  await expect
    .poll(waitingFor, { timeout: 30_000 })
    .toEqual([['second.txt', 'urn:ka:error:upstream-unavailable']]);
  wire.cut();
  for (const refused of [await upload('third.txt'), await call('GET', `/api/v1/documents/${first}/file`)]) {
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
    expect(await refused.json()).toMatchObject({ type: 'urn:ka:error:upstream-unavailable' });
  }
  const { hits } = await client.post<SearchResult>('/api/v1/search', { query: 'who counts the ships' });
  expect(hits.map(({ documentId }) => documentId)).toEqual([first]);
  expect((await call('DELETE', `/api/v1/documents/${first}`)).status).toBe(204);

  await wire.mend();
  s3.fail(503, 0);
  expect((await upload('third.txt')).status).toBe(202);
  const both = ['second.txt', 'third.txt'];
  await expect.poll(filesOf, { timeout: 60_000 }).toEqual(both.map((name) => [name, 'ready', 1]));
  await expect
    .poll(() => [...s3.objects.values()].map(({ bytes }) => bytes.toString()).sort(), { timeout: 60_000 })
    .toEqual(both.map((name) => `The keeper of ${name} counts the ships.`));
  expect(s3.uploads.size).toBe(0);
}, 120_000);

/** @param endpoint of the bucket, as the installation is told it. */
async function openInBucket(s3: S3Double, endpoint: string) {
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-bucket-'));
  const { accessKeyId, secretAccessKey, sessionToken } = s3.credentials;
  const replica = await openReplica({
    DATA_DIR: dataDir,
    STORAGE_URL: `s3://${s3.bucket}/team`,
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
  });
  onTestFinished(async () => {
    await replica.close();
    await s3.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { replica, dataDir };
}
