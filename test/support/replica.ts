import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Installation, openInstallation } from '../../src/server/app.ts';
import { readConfig } from '../../src/server/config.ts';
import { createLog } from '../../src/server/log.ts';
import { createMetrics } from '../../src/server/metrics.ts';

/** One server process's worth of an installation, within this one. */
export interface Replica {
  readonly url: string;
  readonly installation: Installation;
  /** Every line that was logged. */
  readonly logged: readonly string[];
  close(): Promise<void>;
}

export async function openReplica(env: Readonly<Record<string, string>>): Promise<Replica> {
  const logged: string[] = [];
  const installation = await openInstallation(
    readConfig({
      PORT: '0',
      RATE_LIMIT_PER_MINUTE: '0',
      JWT_SECRET: 'one secret for all of the replicas',
      ...env,
    }),
    { log: createLog('info', (line) => void logged.push(line)) },
  );
  const server = await createServer(installation, createMetrics());
  const url = await server.listen();
  await installation.ready;
  return {
    url,
    installation,
    logged,
    async close() {
      await server.drain(1000);
      await installation.close();
    },
  };
}

export interface Replicas {
  readonly all: readonly Replica[];
  close(): Promise<void>;
}

/** Several that share their data folder, started one after the other. */
export async function openReplicas(count: number, env: Readonly<Record<string, string>>): Promise<Replicas> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-replicas-'));
  const all: Replica[] = [];
  for (let i = 0; i < count; i++) all.push(await openReplica({ DATA_DIR: dataDir, ...env }));
  return {
    all,
    async close() {
      await Promise.all(all.map((replica) => replica.close()));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
