import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BenchServer, type Client, registerClient, startServer } from '../../bench/lib/server.ts';
import type { Document } from '../../src/contract/documents.ts';
import { followTask } from '../support/follow-task.ts';
import { describeWith } from '../support/needs.ts';
import { type Nginx, startNginx } from '../support/nginx.ts';
import { expectRecordsAtRest } from '../support/records-at-rest.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { newPostgresDatabase } from '../support/stores.ts';

const WEB_DIR = join(import.meta.dirname, '..', '..', 'dist', 'web');
const PER_SECOND = 200;
const REQUESTS = 1_200;
const KILL_AT = 300;
const DRAIN_AT = 700;
const STREAMS = 9;

describeWith('nginx', 'three API processes behind nginx', (nginxPath) =>
  describeWith('redis', 'with one database', (redisPath) => {
    let dataDir: string;
    let redis: RedisServer;
    let servers: BenchServer[];
    let nginx: Nginx;
    let client: Client;
    let records: pg.Client;
    beforeAll(async () => {
      dataDir = mkdtempSync(join(tmpdir(), 'ka-three-'));
      redis = await startRedisServer(redisPath);
      const DATABASE_URL = await newPostgresDatabase();
      records = new pg.Client({ connectionString: DATABASE_URL });
      await records.connect();
      const env = {
        DATABASE_URL,
        REDIS_URL: redis.url,
        JWT_SECRET: 'one secret for all of the processes',
        TRUST_PROXY: 'true',
      };
      servers = [];
      for (let at = 0; at < 3; at++) servers.push(await startServer({ dataDir, env }));
      nginx = await startNginx(nginxPath, {
        API_SERVERS: servers.map(({ url }) => new URL(url).host).join(' '),
        WEB_DIR,
        RATE_PER_SECOND: '1000',
        RATE_BURST: '1000',
      });
      client = await registerClient(nginx.url);
    }, 120_000);
    afterAll(async () => {
      await nginx?.close();
      await Promise.all((servers ?? []).map((server) => server.stop()));
      await records?.end();
      await redis?.close();
      rmSync(dataDir, { recursive: true, force: true });
    });

    test('200 requests a second lose nothing while one process is killed and another drained', async () => {
      const names = new Set<string>();
      const { taskId, documents } = await client.upload(manyFiles('first', names));
      await client.finished(taskId);
      const [documentId = ''] = documents.map(({ id }) => id);
      const [killed, drained] = servers as [BenchServer, BenchServer, BenchServer];

      const load = createLoad(nginx.url, client.token, documentId, names);
      // there is work left for streams to tell of when processes go
      const { taskId: longTask } = await client.upload(manyFiles('long', names, 60));
      const streams = Array.from({ length: STREAMS }, () =>
        followTask(() => nginx.url, client.token, longTask),
      );
      await Promise.all(streams.map(({ begun }) => begun));
      let drainedWith: Promise<number | null> | undefined;
      const running: Promise<void>[] = [];
      const startedMs = performance.now();
      for (let at = 0; at < REQUESTS; at++) {
        const early = startedMs + (at * 1000) / PER_SECOND - performance.now();
        if (early > 0) await pause(early);
        if (at === KILL_AT) process.kill(killed.pid, 'SIGKILL');
        if (at === DRAIN_AT) drainedWith = drained.stop();
        running.push(load.request(at));
      }
      await Promise.all(running);
      const tookMs = performance.now() - startedMs;
      const followed = await Promise.all(streams.map(({ ended }) => ended));

      expect(load.failedSafe).toEqual([]);
      expect(load.failedForGood).toEqual([]);
      expect(await drainedWith).toBe(0);
      expect(followed.map(({ finished }) => finished)).toEqual(followed.map(() => true));
      const kept = await allDocuments(client);
      expect(kept.map(({ filename }) => filename).sort()).toEqual([...names].sort());
      expect(kept.filter(({ status }) => status === 'failed')).toEqual([]);
      await expectRecordsAtRest(async (statement) => (await records.query(statement)).rows, [...names]);
      console.info(
        `${REQUESTS} requests in ${(tookMs / 1000).toFixed(1)} s, ${load.repeated()} of them that change something sent again, ` +
          `${followed.reduce((sum, { reconnects }) => sum + reconnects, 0)} reconnects of ${followed.length} streams`,
      );
    }, 180_000);
  }),
);

const QUESTIONS = ['Who keeps the light?', 'What burns in the lamp?', 'When was the harbour built?'];

const READS: readonly ((documentId: string) => string)[] = [
  (id) => `/api/v1/documents/${id}/text?page=1`,
  (id) => `/api/v1/documents/${id}/file`,
  () => '/api/v1/me',
  () => '/api/v1/documents?limit=20',
  () => '/api/v1/documents?limit=5&sort=title',
  () => '/',
  () => '/api/v1/config',
];

const manyFiles = (name: string, names: Set<string>, count = 4) =>
  Array.from({ length: count }, (_, at) => {
    const filename = `${name}-${at}.txt`;
    names.add(filename);
    const text = Array.from({ length: 30 }, (_, line) => `Line ${line} of ${filename} tells of the light.`);
    return { name: filename, bytes: Buffer.from(text.join('\n\n')) };
  });

/** Mixed requests: what only reads is sent once, what changes something again with the same key, as the API says. */
function createLoad(url: string, token: string, documentId: string, names: Set<string>) {
  const authorization = `Bearer ${token}`;
  const failedSafe: string[] = [];
  const failedForGood: string[] = [];
  let repeated = 0;
  const signal = () => AbortSignal.timeout(60_000);

  async function safe(path: string): Promise<void> {
    try {
      const response = await fetch(url + path, { headers: { authorization }, signal: signal() });
      const body = await response.text();
      if (response.status !== 200) failedSafe.push(`GET ${path}: ${response.status} ${body}`);
    } catch (error) {
      failedSafe.push(`GET ${path}: ${String((error as Error).cause ?? error)}`);
    }
  }

  /** @param key for what would be done twice by a repeat. */
  async function changing(path: string, body: () => RequestInit, key?: string): Promise<unknown> {
    let last = '';
    // a key is free again a quarter of a minute after its process was killed
    for (let tries = 0; tries < 40; tries++) {
      try {
        const { headers, ...rest } = body();
        const response = await fetch(url + path, {
          method: 'POST',
          headers: {
            authorization,
            ...(key === undefined ? {} : { 'idempotency-key': key }),
            ...(headers as Record<string, string>),
          },
          ...rest,
          signal: signal(),
        });
        if (response.ok) return await response.json();
        last = `${response.status} ${await response.text()}`;
        await pause(1000 * Number(response.headers.get('retry-after') ?? 1));
      } catch (error) {
        last = String((error as Error).cause ?? error);
      }
      repeated += 1;
    }
    failedForGood.push(`POST ${path}: ${last}`);
    return {};
  }

  const json = (body: unknown) => () => ({
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  const upload = (name: string, text: string) =>
    changing(
      '/api/v1/documents',
      () => {
        const form = new FormData();
        form.append('file', new Blob([text]), name);
        return { body: form };
      },
      crypto.randomUUID(),
    );

  return {
    failedSafe,
    failedForGood,
    repeated: () => repeated,
    async request(at: number): Promise<void> {
      const question = QUESTIONS[at % QUESTIONS.length] as string;
      if (at % 80 === 4) {
        const name = `single-${at}.txt`;
        names.add(name);
        await upload(name, `Number ${at} alone.`);
      } else if (at % 40 === 5) await changing('/api/v1/query', json({ query: question }));
      else if (at % 10 === 6) await changing('/api/v1/search', json({ query: question }));
      else await safe(READS[at % READS.length]?.(documentId) as string);
    },
  };
}

async function allDocuments(client: Client): Promise<Document[]> {
  const all: Document[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: Document[]; nextCursor: string | null } = await client.get(
      `/api/v1/documents?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    all.push(...page.items);
    cursor = page.nextCursor;
  }
  return all;
}
