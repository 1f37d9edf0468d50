import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { registerClient, startServer } from '../../bench/lib/server.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import { expectRecordsAtRest } from '../support/records-at-rest.ts';
import { newPostgresDatabase } from '../support/stores.ts';

const KA = join(import.meta.dirname, '..', '..', 'bin', 'ka.mjs');
const DOCUMENTS = 6;

/** What the records show of the job that runs, by the step it is in. */
const STEPS = {
  'reading a file': `j.kind = 'ingest'`,
  'about to embed': `j.kind = 'embed'`,
  'in the middle of embedding': `j.kind = 'embed'
    and exists (select 1 from chunks c join vectors v on v.key = c.key where c.document_id = j.document_id)
    and exists (select 1 from chunks c left join vectors v on v.key = c.key where c.document_id = j.document_id and v.key is null)`,
};

const text = (n: number): string =>
  Array.from(
    { length: 900 },
    (_, line) =>
      `Sentence ${line} of document ${n} tells at length of subject ${(n * 31 + line) % 97} and what it is good for.`,
  ).join('\n\n');

test('workers are killed in each step: every document is there once and whole', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-killed-'));
  const DATABASE_URL = await newPostgresDatabase();
  const env = { DATABASE_URL, JWT_SECRET: 'one secret for all of the processes', JOB_CONCURRENCY: '1' };
  const records = new pg.Client({ connectionString: DATABASE_URL });
  await records.connect();
  const stops: (() => unknown)[] = [() => records.end()];
  onTestFinished(async () => {
    for (const stop of stops.reverse()) await stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const run = async (statement: string) => (await records.query<Record<string, unknown>>(statement)).rows;
  /** @returns the process that is in this step. */
  const ownerIn = async (step: keyof typeof STEPS): Promise<number> => {
    for (;;) {
      const [row] = await run(
        `select lease_owner from jobs j where j.state = 'running' and ${STEPS[step]} limit 1`,
      );
      if (row !== undefined) return Number(String(row['lease_owner']).split('/')[1]);
      const [left] = await run(`select 1 from jobs where state in ('queued', 'running') limit 1`);
      expect(left, `all was done before any was seen ${step}`).toBeDefined();
    }
  };
  const startWorker = () => {
    const child = spawn(process.execPath, [KA, 'worker'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...env, DATA_DIR: dataDir, METRICS_PORT: '0', LOG_LEVEL: 'error', KA_TUNED: '' },
    });
    const gone = once(child, 'exit');
    stops.push(async () => {
      child.kill('SIGKILL');
      await gone;
    });
    return { pid: child.pid as number, gone };
  };

  const first = await startServer({ dataDir, env });
  const names = Array.from({ length: DOCUMENTS }, (_, n) => `${n}.txt`);
  const uploader = await registerClient(first.url);
  await uploader.upload(names.map((name, n) => ({ name, bytes: Buffer.from(text(n)) })));
  expect(await ownerIn('reading a file')).toBe(first.pid);
  process.kill(first.pid, 'SIGKILL');
  await first.stop();

  for (const step of ['reading a file', 'about to embed', 'in the middle of embedding'] as const) {
    const { pid, gone } = startWorker();
    // a lease of the one before is not taken for its own
    let owner = 0;
    while (owner !== pid) owner = await ownerIn(step);
    process.kill(pid, 'SIGKILL');
    expect(await gone).toEqual([null, 'SIGKILL']);
  }

  const last = await startServer({ dataDir, env });
  stops.push(() => last.stop());
  await expectRecordsAtRest(run, names);
  // the killed ones had begun what others ended
  expect((await run('select max(attempt)::int as tries from jobs'))[0]?.['tries']).toBeGreaterThan(1);
  const client = await registerClient(last.url);
  const { hits } = await client.post<SearchResult>('/api/v1/search', { query: 'document 5 subject 61' });
  expect(hits.length).toBeGreaterThan(0);
}, 240_000);
