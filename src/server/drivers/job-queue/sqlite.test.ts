import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openSqlite, prepareSqlite } from '../../records/sqlite.ts';
import { createLocalEvents } from '../events/local.ts';
import { jobQueueConformance } from './conformance.ts';
import { isGone, newLeaseOwner } from './lease-owner.ts';
import { createSqliteJobQueue, type SqliteJobQueueOptions } from './sqlite.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function make(options: Partial<SqliteJobQueueOptions> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'queue-'));
  ends.push(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'ka.sqlite');
  prepareSqlite(path);
  let passed = 0;
  // another name, so that only what the database says is shared: as between two processes
  const open = (events: string) => {
    const connection = openSqlite(path);
    const local = createLocalEvents({ name: events });
    const queue = createSqliteJobQueue({
      db: connection.db,
      events: local,
      clock: () => Date.now() + passed,
      ...options,
    });
    ends.push(async () => {
      await queue.close();
      await local.close();
      await connection.close();
    });
    return { ...connection, queue };
  };
  const { db, raw, queue } = open(dir);
  return {
    db,
    raw,
    queue,
    another: () => open(dir).queue,
    stranger: () => open(`${dir} stranger`).queue,
    pass(ms: number) {
      passed += ms;
    },
    async killOwner() {
      raw.prepare(`update jobs set lease_owner = ? where state = 'running'`).run(ownerThatDied());
    },
  };
}

const ownerThatDied = () => `${hostname()}/${spawnSync(process.execPath, ['-e', '']).pid}/1234/x`;

jobQueueConformance('sqlite', make);

test('a renewed lease stays with its owner', async () => {
  const t = await make({ renewMs: 5, leaseMs: 1_000 });
  await t.db.transaction().execute((tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {} }));
  const job = await t.queue.take(['ingest']);
  const until = () => t.db.selectFrom('jobs').select('lease_until').executeTakeFirstOrThrow();
  const { lease_until: first } = await until();
  t.pass(800);
  while ((await until()).lease_until === first) await new Promise((resolve) => setImmediate(resolve));
  t.pass(800);
  expect(await t.another().take(['ingest'])).toBeUndefined();
  expect(job?.signal.aborted).toBe(false);
});

test('whoever lost its lease hears of it at the next renewal', async () => {
  const t = await make({ renewMs: 5, leaseMs: 1_000 });
  await t.db.transaction().execute((tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {} }));
  const job = await t.queue.take(['ingest']);
  const aborted = new Promise((resolve) => job?.signal.addEventListener('abort', resolve));
  t.raw.prepare(`update jobs set lease_owner = 'elsewhere/1/2/x'`).run();
  await aborted;
});

test('a cancellation that no event told of is seen at the next renewal', async () => {
  const t = await make({ renewMs: 5 });
  await t.db
    .transaction()
    .execute((tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {}, documentId: 'a' }));
  const job = await t.queue.take(['ingest']);
  const aborted = new Promise((resolve) => job?.signal.addEventListener('abort', resolve));
  await t.db.transaction().execute((tx) => t.stranger().cancel(tx, 'a'));
  await aborted;
});

test('work of another process is seen by polling', async () => {
  const t = await make({ pollMs: 5 });
  await t.db.transaction().execute((tx) => t.stranger().enqueue(tx, { kind: 'ingest', payload: {} }));
  await t.queue.waitForWork(new AbortController().signal);
  expect(await t.queue.take(['ingest'])).toBeDefined();
});

test('ended jobs are pruned after a day, failed ones after a month, waiting ones never', async () => {
  const t = await make();
  const put = () => t.db.transaction().execute((tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {} }));
  await put();
  await (await t.queue.take(['ingest']))?.complete();
  await put();
  await (await t.queue.take(['ingest']))?.fail('broken', undefined);
  const waiting = await t.db
    .transaction()
    .execute((tx) => t.queue.enqueue(tx, { kind: 'embed', payload: {} }));
  const states = async () =>
    (await t.db.selectFrom('jobs').select('state').orderBy('state').execute()).map(({ state }) => state);
  t.pass(25 * 3_600_000);
  await t.queue.take(['ingest']);
  expect(await states()).toEqual(['failed', 'queued']);
  t.pass(30 * 86_400_000);
  await t.queue.take(['ingest']);
  expect(await t.db.selectFrom('jobs').select('id').execute()).toEqual([{ id: waiting }]);
});

test('taking a job reads the index of due jobs, whatever else waits', async () => {
  const t = await make();
  const plan = t.raw
    .prepare(
      `explain query plan select * from jobs where state = 'queued' and kind = ? and run_at <= ? order by priority desc, run_at, id limit 1`,
    )
    .all('ingest', 'x') as { detail: string }[];
  expect(plan.map(({ detail }) => detail).join()).toMatch(/USING INDEX jobs_due/);
  expect(plan.map(({ detail }) => detail).join()).not.toMatch(/TEMP B-TREE/);
});

test('a process is gone when it ended or another one took its id, and unknown on another host', () => {
  const mine = newLeaseOwner();
  expect(isGone(mine)).toBe(false);
  expect(isGone(ownerThatDied())).toBe(true);
  const [host, pid, , instance] = mine.split('/');
  if (process.platform === 'linux') expect(isGone(`${host}/${pid}/0-1/${instance}`)).toBe(true);
  expect(isGone(`elsewhere/${pid}/0-1/${instance}`)).toBe(false);
});
