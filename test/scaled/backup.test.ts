import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { registerClient } from '../../bench/lib/server.ts';
import type { Answer } from '../../src/contract/query.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import { backup } from '../../src/server/cli/backup.ts';
import { deepDoctor } from '../../src/server/cli/deep-doctor.ts';
import { restore } from '../../src/server/cli/restore.ts';
import { readConfig } from '../../src/server/config.ts';
import { type Point, type QdrantCollection, startQdrantDouble } from '../support/qdrant-double.ts';
import { openReplica } from '../support/replica.ts';
import { startS3Double } from '../support/s3-double.ts';
import { newPostgresDatabase } from '../support/stores.ts';

/** What a command printed as JSON. */
async function printed<T>(command: () => Promise<unknown>): Promise<T> {
  const said: string[] = [];
  const spy = vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
  await command().finally(() => spy.mockRestore());
  return JSON.parse(said.join('\n')) as T;
}

test('what is spread over PostgreSQL, Qdrant and S3 is proved, mended, and moved into one folder and back', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ka-spread-'));
  const [s3, s3Later, qdrant] = [await startS3Double(), await startS3Double(), await startQdrantDouble()];
  onTestFinished(async () => {
    await Promise.all([s3.close(), s3Later.close(), qdrant.close()]);
    rmSync(home, { recursive: true, force: true });
  });
  const spread = async (name: string, bucket: typeof s3, database: string) => ({
    DATA_DIR: join(home, name),
    DATABASE_URL: database,
    VECTOR_URL: qdrant.url,
    STORAGE_URL: `s3://${bucket.bucket}/team`,
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: bucket.url,
    AWS_ACCESS_KEY_ID: bucket.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: bucket.credentials.secretAccessKey,
    JWT_SECRET: 'one secret for all of the replicas',
  });
  const ask = async (url: string) => {
    const client = await registerClient(url);
    const query = 'Who built the lighthouse?';
    const { answer, citations } = await client.post<Answer>('/api/v1/query', { query });
    return { answer, citations };
  };
  const faults = async (env: Record<string, string>, mend = false) => {
    const run = () => deepDoctor(readConfig(env), { json: true, mend });
    return (await printed<{ faults: { check: string }[] }>(run)).faults.map(({ check }) => check);
  };

  const first = await spread('first', s3, await newPostgresDatabase());
  const replica = await openReplica(first);
  const client = await registerClient(replica.url);
  const text = 'Ottilie Marsh built the Veldran lighthouse in 1887.';
  const { taskId } = await client.upload([{ name: 'light.txt', bytes: Buffer.from(text) }]);
  await client.finished(taskId);
  const before = await ask(replica.url);
  expect(before.answer).toContain('Ottilie Marsh');
  const [points] = [...qdrant.collections.values()].map((collection) => collection.points);
  while ((points?.size ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await faults(first)).toEqual([]);

  points?.clear();
  expect(await faults(first)).toEqual(['vector-server']);
  expect(await faults(first, true)).toEqual([]);
  expect(points?.size).toBe(1);
  // another one in its place: as many on both sides
  const [[key, point]] = [...(points ?? [])] as [[number, Point]];
  points?.delete(key);
  points?.set(key + 1, { ...point, payload: { ...point.payload, o: Number(point.payload['o']) + 1 } });
  expect(await faults(first)).toEqual(['vector-server']);
  expect(await faults(first, true)).toEqual([]);
  expect([...(points?.keys() ?? [])]).toEqual([key]);
  const { db } = replica.installation;
  await db.deleteFrom('postings').where('term', '=', 'lighthous').execute();
  expect(await faults(first)).toEqual(['words-differ']);
  expect(await faults(first, true)).toEqual([]);

  const file = join(home, 'spread.ka');
  await printed(() =>
    backup(readConfig(first), file, { withSecrets: false, withVectors: false, json: true }),
  );
  await replica.close();
  const single = { DATA_DIR: join(home, 'single') };
  await printed(() => restore(readConfig(single), file, true));
  expect(await faults(single)).toEqual([]);
  const alone = await openReplica(single);
  expect(await ask(alone.url)).toEqual(before);
  await alone.close();

  const back = join(home, 'single.ka');
  await printed(() =>
    backup(readConfig(single), back, { withSecrets: false, withVectors: false, json: true }),
  );
  const later = await spread('later', s3Later, await newPostgresDatabase({ empty: true }));
  await printed(() => restore(readConfig(later), back, true));
  expect([...s3Later.objects.values()].map(({ bytes }) => bytes.toString())).toEqual([text]);
  const again = await openReplica(later);
  while (qdrant.collections.size < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await ask(again.url)).toEqual(before);
  await again.close();
  expect(await faults(later)).toEqual([]);
}, 60_000);

test('a copy of Qdrant in the backup is restored, and what was written or deleted between the two moments is brought over', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ka-vectors-'));
  const qdrant = await startQdrantDouble();
  onTestFinished(async () => {
    await qdrant.close();
    rmSync(home, { recursive: true, force: true });
  });
  const settings = (name: string) => ({
    DATA_DIR: join(home, name),
    VECTOR_URL: qdrant.url,
    JWT_SECRET: 'one secret for all of the replicas',
  });
  const replica = await openReplica(settings('first'));
  const client = await registerClient(replica.url);
  const texts = ['Ottilie Marsh built the Veldran lighthouse in 1887.', 'The lamp burned colza oil.'];
  const { taskId } = await client.upload(
    texts.map((text, at) => ({ name: `${at}.txt`, bytes: Buffer.from(text) })),
  );
  await client.finished(taskId);
  const [[name, first]] = [...qdrant.collections] as [[string, QdrantCollection]];
  await expect.poll(() => first.points.size, { timeout: 30_000 }).toBe(2);
  const keys = [...first.points.keys()];
  const kept = structuredClone(first.points);
  // as many as the records have, but not the same
  const [gone, stray] = [keys[1] as number, (keys[1] as number) + 7];
  const point = kept.get(gone) as Point;
  const payload = { ...point.payload, o: Number(point.payload['o']) + 7 };
  first.points.set(stray, { ...point, payload });
  first.points.delete(gone);

  const file = join(home, 'with-vectors.ka');
  const take = (env: Record<string, string>, withVectors: boolean) =>
    printed(() => backup(readConfig(env), file, { withSecrets: false, withVectors, json: true }));
  await take(settings('first'), true);
  await replica.close();
  const content = readFileSync(file);
  writeFileSync(join(home, 'cut.ka'), content.subarray(0, -40));
  await expect(restore(readConfig(settings('cut')), join(home, 'cut.ka'), true)).rejects.toThrow('cut off');
  expect([...qdrant.collections.keys()]).toEqual([name]);

  await printed(() => restore(readConfig(settings('later')), file, true));
  const [copy = ['', first]] = [...qdrant.collections].filter(([one]) => one !== name);
  expect(qdrant.requests).toContain(`POST /collections/${copy[0]}/snapshots/upload`);
  expect([...copy[1].points.keys()]).toEqual([...first.points.keys()]);
  const again = await openReplica(settings('later'));
  await expect
    .poll(() => new Map([...copy[1].points].sort(([a], [b]) => a - b)), { timeout: 30_000 })
    .toEqual(kept);
  for (const [at, query] of ['Who built the lighthouse?', 'What did the lamp burn?'].entries()) {
    const { hits } = await (await registerClient(again.url)).post<SearchResult>('/api/v1/search', {
      query,
      mode: 'vector',
    });
    expect(hits[0]?.text).toBe(texts[at]);
  }
  await again.close();

  // where there is no Qdrant the rows do
  await printed(() => restore(readConfig({ DATA_DIR: join(home, 'alone') }), file, true));
  await expect(
    backup(readConfig({ DATA_DIR: join(home, 'alone') }), join(home, 'no'), {
      withSecrets: false,
      withVectors: true,
      json: true,
    }),
  ).rejects.toThrow('--with-vectors needs VECTOR_URL');
}, 60_000);
