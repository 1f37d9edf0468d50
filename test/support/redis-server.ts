import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real redis-server of the test's own, that can die, come back on the same port, and fall silent. */
export interface RedisServer {
  readonly url: string;
  kill(): Promise<void>;
  /** Empty, on the same port. */
  restart(): Promise<void>;
  /** Takes what is sent and answers nothing. */
  fallSilent(): void;
  wakeUp(): void;
  close(): Promise<void>;
}

export async function startRedisServer(path: string): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'ka-redis-'));
  const port = await freePort();
  let server = await start(path, folder, port);
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart() {
      server = await start(path, folder, port);
    },
    fallSilent: () => void server.kill('SIGSTOP'),
    wakeUp: () => void server.kill('SIGCONT'),
    async close() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

async function start(path: string, folder: string, port: number): Promise<ChildProcess> {
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const server = spawn(path, [...options, '--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    said += String(chunk);
    if (said.includes('Ready to accept connections')) {
      server.stdout.resume();
      return server;
    }
  }
  throw new Error(`redis-server did not start: ${said}`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
