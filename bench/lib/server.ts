import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Session } from '../../src/contract/auth.ts';
import type { Task } from '../../src/contract/tasks.ts';

const root = dirname(dirname(import.meta.dirname));

export interface BenchServer {
  readonly url: string;
  readonly metricsUrl: string;
  readonly pid: number;
  readonly dataDir: string;
  /** From the start of the process to the first 200 of `/health/ready`. */
  readonly readyMs: number;
  readonly startedAt: number;
  /** Asks it to end and waits; the exit code is 0 when it could end everything in time. */
  stop(): Promise<number | null>;
}

/** A free loopback port. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/**
 * The real server as its own process, started as a user starts it, on its own data folder.
 *
 * @param options.tree  The installation it is started from; this checkout if not given.
 */
export async function startServer(
  options: { dataDir?: string; env?: Record<string, string>; tree?: string } = {},
): Promise<BenchServer> {
  const ownFolder = options.dataDir === undefined;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'ka-bench-')));
  const port = await freePort();
  const metricsPort = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(options.tree ?? root, 'bin', 'ka.mjs'), 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      KA_TUNED: '',
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
      RATE_LIMIT_PER_MINUTE: '0',
      // whatever keys this machine has
      LLM_PROVIDER: 'extractive',
      ...options.env,
    },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (over) throw new Error('the server ended before it was ready');
    if (performance.now() - startedAt > 60_000) throw new Error('the server was not ready within 60 s');
    try {
      if ((await fetch(`${url}/health/ready`)).ok) break;
    } catch {
      // not listening yet
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const readyMs = performance.now() - startedAt;
  return {
    url,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    pid: child.pid as number,
    dataDir,
    readyMs,
    startedAt,
    async stop() {
      child.kill('SIGTERM');
      const code = await ended;
      if (ownFolder) await rm(dataDir, { recursive: true, force: true });
      return code;
    },
  };
}

/** Whom the benchmark signs in as. */
export const BENCH_USER = { email: 'bench@example.org', password: 'correct horse battery' } as const;

/** A signed-in user of the API. */
export interface Client {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  upload(
    files: readonly { name: string; bytes: Uint8Array }[],
  ): Promise<{ taskId: string; documents: { id: string }[] }>;
  /** Polls until the task has ended. */
  finished(taskId: string): Promise<Task>;
  readonly token: string;
}

export async function registerClient(url: string, email: string = BENCH_USER.email): Promise<Client> {
  const credentials = { email, password: BENCH_USER.password };
  let response = await send(`${url}/api/v1/auth/register`, {
    method: 'POST',
    body: JSON.stringify(credentials),
    headers: { 'content-type': 'application/json' },
  });
  if (response.status === 409) {
    response = await send(`${url}/api/v1/auth/login`, {
      method: 'POST',
      body: JSON.stringify(credentials),
      headers: { 'content-type': 'application/json' },
    });
  }
  const { accessToken } = (await json(response)) as Session;
  return clientWith(url, accessToken);
}

/** @param token an access token, which lasts for a quarter of an hour, or an API key. */
export function clientWith(url: string, token: string): Client {
  const authorization = `Bearer ${token}`;
  const client: Client = {
    token,
    get: async <T>(path: string) => (await json(await send(url + path, { headers: { authorization } }))) as T,
    post: async <T>(path: string, body: unknown) =>
      (await json(
        await send(url + path, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { authorization, 'content-type': 'application/json' },
        }),
      )) as T,
    async upload(files) {
      const form = new FormData();
      for (const { name, bytes } of files)
        form.append('file', new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
      return (await json(
        await send(`${url}/api/v1/documents/batch`, {
          method: 'POST',
          body: form,
          headers: { authorization },
        }),
      )) as {
        taskId: string;
        documents: { id: string }[];
      };
    },
    async finished(taskId) {
      for (;;) {
        const task = await client.get<Task>(`/api/v1/tasks/${taskId}`);
        if (!['queued', 'processing'].includes(task.status)) return task;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
  return client;
}

const send = (url: string, init: RequestInit) => fetch(url, init);

async function json(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
