import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BenchServer, type Client, registerClient, startServer } from '../../bench/lib/server.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import { followTask } from '../support/follow-task.ts';
import { describeWith } from '../support/needs.ts';
import { newPostgres, type PostgresServer } from '../support/postgres-server.ts';
import { type QdrantDouble, startQdrantDouble } from '../support/qdrant-double.ts';
import { expectRecordsAtRest } from '../support/records-at-rest.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { startLoad } from '../support/steady-load.ts';
import { layWire, type Wire } from '../support/wire.ts';

const HEAL_MS = 60_000;
const text = (name: string): string =>
  Array.from({ length: 40 }, (_, n) => `Line ${n} of ${name}: the lamp burned oil number ${n}.`).join('\n\n');

describeWith('redis', 'two processes: what they stand on dies, and one of them', (redisPath) => {
  let dataDir: string;
  let postgres: PostgresServer;
  let standby: PostgresServer;
  let redis: RedisServer;
  let qdrant: QdrantDouble;
  let wire: Wire;
  let servers: readonly (BenchServer & { readonly client: Client })[];
  const names: string[] = [];
  const upload = async (client: Client, ...added: string[]) => {
    names.push(...added);
    return client.upload(added.map((name) => ({ name, bytes: Buffer.from(text(name)) })));
  };
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'ka-chaos-'));
    // as an installation has it: what is acknowledged outlives a kill
    postgres = await newPostgres({ synchronous_commit: 'on' });
    await postgres.run('create database ka');
    standby = await postgres.follow();
    redis = await startRedisServer(redisPath);
    qdrant = await startQdrantDouble();
    wire = await layWire(qdrant.url);
    const env = {
      DATABASE_URL: postgres.url('ka'),
      DATABASE_READ_URLS: standby.url('ka'),
      REDIS_URL: redis.url,
      VECTOR_URL: wire.url,
      JWT_SECRET: 'one secret for all of the processes',
      // what is meant here is logged as a warning again and again
      LOG_LEVEL: 'error',
    };
    const started = await Promise.all([startServer({ dataDir, env }), startServer({ dataDir, env })]);
    servers = [];
    for (const server of started)
      servers = [...servers, { ...server, client: await registerClient(server.url) }];
    const [{ client }] = servers as [(typeof servers)[0]];
    await client.finished((await upload(client, 'first.txt')).taskId);
  }, 180_000);
  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.stop()));
    wire?.cut();
    await qdrant?.close();
    await redis?.close();
    await standby?.stop();
    await postgres?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const checkOf = async ({ url }: BenchServer, name: string) => {
    const told = (await (await fetch(`${url}/health/detailed`)).json()) as {
      checks: Record<string, { status: string } | undefined>;
    };
    return told.checks[name]?.status;
  };
  const search = (client: Client, mode: 'hybrid' | 'vector', query: string) =>
    client.post<SearchResult>('/api/v1/search', { query, mode });

  test('a read replica is killed and comes back: no request fails, and it is read again', async () => {
    const reads = async (status: string) => {
      for (const server of servers)
        await expect.poll(() => checkOf(server, 'database'), { timeout: HEAL_MS }).toBe(status);
    };
    await reads('healthy');
    const load = startLoad(servers);
    await load.more(20);
    await standby.kill();
    await load.more(60);
    await reads('degraded');
    await standby.restart();
    await reads('healthy');
    await load.more(20);
    const seen = await load.stop();
    expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
  }, 120_000);

  test('Redis is killed and comes back empty: no request fails, and health tells', async () => {
    const load = startLoad(servers);
    await load.more(20);
    await redis.kill();
    await load.more(60);
    for (const server of servers) expect(await checkOf(server, 'cache')).not.toBe('healthy');
    await redis.restart();
    for (const server of servers)
      await expect.poll(() => checkOf(server, 'cache'), { timeout: HEAL_MS }).toBe('healthy');
    await load.more(20);
    const seen = await load.stop();
    expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
  }, 120_000);

  test('Qdrant is away: words answer, what is taken in waits, and both heal without a restart', async () => {
    wire.cut();
    for (const { client } of servers) {
      const { hits, degraded } = await search(
        client,
        'hybrid',
        'which oil did the lamp burn while Qdrant is away',
      );
      expect(degraded).toBe('vectors');
      expect(hits.length).toBeGreaterThan(0);
      for (const { scores } of hits) expect(scores.keyword).toBeGreaterThan(0);
      await expect(search(client, 'vector', 'what burned while Qdrant is away')).rejects.toThrow(
        'answered 503',
      );
    }
    const [{ client }] = servers as [(typeof servers)[0]];
    const { taskId, documents } = await upload(client, 'meanwhile.txt');
    const [{ id }] = documents as [{ id: string }];
    expect(await client.finished(taskId)).toMatchObject({ status: 'completed' });
    await wire.mend();
    for (const [at, server] of servers.entries()) {
      let tried = 0;
      await expect
        .poll(
          async () => {
            const query = `line of meanwhile.txt, try ${at} ${tried++}`;
            const result = await search(server.client, 'vector', query).catch(() => undefined);
            return result?.hits.some(({ documentId }) => documentId === id);
          },
          { timeout: HEAL_MS, interval: 250 },
        )
        .toBe(true);
    }
  }, 180_000);

  test('PostgreSQL is killed under load: 503 with a time to come back, then it heals and nothing is lost or doubled', async () => {
    const [{ client }] = servers as [(typeof servers)[0]];
    const { taskId } = await upload(client, ...Array.from({ length: 6 }, (_, n) => `under-load-${n}.txt`));
    const load = startLoad(servers);
    await load.more(10);
    await postgres.kill();
    await load.more(20);
    await postgres.restart();
    for (const { url, client: own } of servers)
      await expect
        .poll(
          async () =>
            (await fetch(`${url}/api/v1/me`, { headers: { authorization: `Bearer ${own.token}` } })).status,
          { timeout: HEAL_MS },
        )
        .toBe(200);
    await load.more(20);
    const seen = await load.stop();
    const refused = seen.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null)).toEqual([]);
    expect(seen.slice(-6).map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(await client.finished(taskId)).toMatchObject({ status: 'completed', progress: { failed: 0 } });
    await expectRecordsAtRest((statement) => postgres.run(statement, 'ka'), names);
  }, 240_000);

  test('a process is killed while it works and tells of it: another goes on with both', async () => {
    const [killed, left] = servers as [(typeof servers)[0], (typeof servers)[0]];
    const { taskId } = await upload(left.client, ...Array.from({ length: 6 }, (_, n) => `told-${n}.txt`));
    const { begun, ended } = followTask(
      (reconnects) => (reconnects === 0 ? killed.url : left.url),
      left.client.token,
      taskId,
    );
    await begun;
    process.kill(killed.pid, 'SIGKILL');
    const { finished, reconnects } = await ended;
    expect([finished, reconnects > 0]).toEqual([true, true]);
    expect(await left.client.finished(taskId)).toMatchObject({
      status: 'completed',
      progress: { failed: 0 },
    });
    await expectRecordsAtRest((statement) => postgres.run(statement, 'ka'), names);
  }, 240_000);
});
