import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../bench/lib/server.ts';

const START = join(import.meta.dirname, '..', '..', 'deploy', 'nginx', 'start.sh');

export interface Nginx {
  readonly url: string;
  /** Of its main process. */
  readonly pid: number;
  /** What it said: requests and faults. */
  said(): string;
  close(): Promise<void>;
}

/** `start.sh -t`: its exit code and what it said. */
export function testConfig(path: string, env: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'ka-nginx-'));
  const { status, stderr } = spawnSync('sh', [START, '-t'], {
    env: { PATH: process.env['PATH'], NGINX_BIN: path, RUN_DIR: folder, ...env },
    encoding: 'utf8',
    // nginx opens /dev/stdout, which it can't where that is a socket, as pipes of node are
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  rmSync(folder, { recursive: true });
  return { status, said: stderr };
}

/** nginx as `deploy/nginx` starts it, on a port and in a folder of its own. */
export async function startNginx(path: string, env: Readonly<Record<string, string>>): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'ka-nginx-'));
  const port = await freePort();
  const log = join(folder, 'log');
  const output = openSync(log, 'a');
  const nginx = spawn('sh', [START], {
    env: { PATH: process.env['PATH'], NGINX_BIN: path, RUN_DIR: folder, PORT: String(port), ...env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const said = () => readFileSync(log, 'utf8');
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/proxy-health`).catch(() => undefined))?.ok) {
    if (nginx.exitCode !== null) throw new Error(`nginx ended: ${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    url,
    pid: nginx.pid as number,
    said,
    async close() {
      const gone = once(nginx, 'exit');
      // at once: SIGQUIT would wait for streams
      nginx.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}
