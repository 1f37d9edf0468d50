import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, registerClient, startServer } from '../../bench/lib/server.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import { newPostgresDatabase } from '../support/stores.ts';

const WORKERS = 3;

/** Processes that a process started. */
const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
      .split(' ')
      .filter((child) => child.trim() !== '')
      .map(Number),
  );
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('several processes share a port: one that is killed is replaced, safe requests go on, all end together', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-workers-'));
  const server = await startServer({
    dataDir,
    env: {
      WORKERS: String(WORKERS),
      DATABASE_URL: await newPostgresDatabase(),
      JWT_SECRET: 'one secret for all of the processes',
    },
  });
  let exitCode: Promise<number | null> | undefined;
  onTestFinished(async () => {
    exitCode ??= server.stop();
    await exitCode;
    rmSync(dataDir, { recursive: true, force: true });
  });
  const workersOf = async () => {
    const text = await (await fetch(`${server.metricsUrl}/metrics`)).text();
    const samples = parsePrometheus(text).get('ka_uptime_seconds')?.samples ?? [];
    return samples.map(({ labels }) => labels['worker']).sort();
  };
  await expect.poll(workersOf, { timeout: 30_000 }).toEqual(['1', '2', '3']);
  expect(await (await fetch(`${server.metricsUrl}/health/ready`)).json()).toEqual({ status: 'ready' });

  const client = await registerClient(server.url);
  const { taskId } = await client.upload([
    { name: 'lamp.txt', bytes: Buffer.from('The lamp of the lighthouse burned colza oil.') },
  ]);
  expect(await client.finished(taskId)).toMatchObject({ status: 'completed' });
  const search = (at: number) =>
    again(() => client.post<SearchResult>('/api/v1/search', { query: `what did the lamp burn ${at}` }));

  const before = childrenOf(server.pid);
  expect(before).toHaveLength(WORKERS);
  // a few at a time: more would wait for their places on a busy machine
  for (let at = 0; at < 60; at += 4) {
    const answers = [at, at + 1, at + 2, at + 3].map(search);
    if (at === 20) process.kill(before[0] as number, 'SIGKILL');
    for (const { hits } of await Promise.all(answers)) expect(hits[0]?.text).toContain('colza oil');
  }
  await expect.poll(() => childrenOf(server.pid).length, { timeout: 30_000 }).toBe(WORKERS);
  await expect.poll(workersOf, { timeout: 30_000 }).toEqual(['1', '2', '3']);
  // connections that come in the very moment are answered or closed, and never left waiting
  for (let round = 0; round < 3; round++) {
    const [doomed] = childrenOf(server.pid) as [number];
    process.kill(doomed, 'SIGKILL');
    const ends = await Promise.all(Array.from({ length: 12 }, () => connectAnew(server.url)));
    expect(ends).not.toContain('left waiting');
    expect(ends).toContain('200');
    await expect.poll(workersOf, { timeout: 30_000 }).toEqual(['1', '2', '3']);
  }
  // whichever takes jobs, another process's documents are found
  await upload(client, 'oil.txt', 'Colza oil is pressed from rape seed.');

  const last = childrenOf(server.pid);
  exitCode = server.stop();
  expect(await exitCode).toBe(0);
  expect(last.filter(isAlive)).toEqual([]);
}, 120_000);

/** A request on a connection of its own. @returns its status, or how it ended. */
const connectAnew = (url: string): Promise<string> =>
  new Promise((resolve) => {
    const request = get(`${url}/health`, { agent: false, timeout: 10_000 }, (response) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    request.once('timeout', () => {
      resolve('left waiting');
      request.destroy();
    });
    request.once('error', () => resolve('closed'));
  });

async function upload(client: Client, name: string, text: string): Promise<void> {
  const { taskId } = await again(() => client.upload([{ name, bytes: Buffer.from(text) }]));
  expect(await again(() => client.finished(taskId))).toMatchObject({ status: 'completed' });
}

/** As a browser or a proxy does when a kept connection was closed under it; each of them may have been. */
async function again<T>(request: () => Promise<T>, keptConnections = 4): Promise<T> {
  for (let tries = 0; ; tries++)
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof TypeError) || tries === keptConnections) throw error;
    }
}
