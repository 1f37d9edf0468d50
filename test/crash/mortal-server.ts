import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../../bench/lib/server.ts';

/** A server process that may be gone at any moment. */
export interface MortalServer {
  readonly url: string;
  /** False: it died before it could be asked. */
  readonly ready: Promise<boolean>;
  readonly isDead: () => boolean;
  readonly ended: Promise<void>;
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

const KA = join(import.meta.dirname, '..', '..', 'bin', 'ka.mjs');

/** `ka serve` as its own process; `KA_FAULT_POINT` in `env` ends it there. */
export async function startMortalServer(env: Readonly<Record<string, string>>): Promise<MortalServer> {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [KA, 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      KA_TUNED: '1',
      PORT: String(port),
      METRICS_PORT: String(await freePort()),
      LOG_LEVEL: 'info',
      RATE_LIMIT_PER_MINUTE: '0',
      LLM_PROVIDER: 'extractive',
      ...env,
    },
  });
  const ended = once(child, 'exit').then(() => {});
  const isDead = () => child.exitCode !== null || child.signalCode !== null;
  const ready = new Promise<boolean>((resolve) => {
    void ended.then(() => resolve(false));
    let said = '';
    child.stdout?.on('data', (some: Buffer) => {
      if (said.includes('"ready"')) return;
      said += some.toString();
      if (said.includes('"ready"')) resolve(true);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    ready,
    isDead,
    ended,
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      await ended;
    },
  };
}

/** Runs a command of `ka` to its end. @returns its exit code, or the signal that ended it. */
export async function runMortally(
  parameters: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number | NodeJS.Signals> {
  const child = spawn(process.execPath, [KA, ...parameters], {
    stdio: 'ignore',
    env: { ...process.env, LLM_PROVIDER: 'extractive', ...env },
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal ?? (code as number);
}
