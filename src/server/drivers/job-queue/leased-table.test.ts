import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DIALECTS, newPostgresDatabase, newStore } from '../../../../test/support/stores.ts';
import type { JobQueue } from '../../ports/job-queue.ts';
import { openPostgres } from '../../records/postgres.ts';
import { openSqlite, prepareSqlite } from '../../records/sqlite.ts';
import { createLocalEvents } from '../events/local.ts';
import { jobQueueConformance } from './conformance.ts';
import { isGone, newLeaseOwner } from './lease-owner.ts';
import type { LeasedTableOptions } from './leased-table.ts';
import { createPostgresJobQueue } from './postgres.ts';
import { createSqliteJobQueue } from './sqlite.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** `stranger` opens the same jobs under another events' name: as another process that no event reaches. */
async function openSqliteJobs(options: Partial<LeasedTableOptions>) {
  const dir = mkdtempSync(join(tmpdir(), 'queue-'));
  ends.push(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'ka.sqlite');
  prepareSqlite(path);
  return { name: dir, connect: () => openSqlite(path), create: createSqliteJobQueue, options };
}

async function openPostgresJobs(options: Partial<LeasedTableOptions>) {
  const url = await newPostgresDatabase();
  return { name: url, connect: () => openPostgres(url), create: createPostgresJobQueue, options };
}

async function makeWith({
  name,
  connect,
  create,
  options,
}: Awaited<ReturnType<typeof openSqliteJobs | typeof openPostgresJobs>>) {
  let passed = 0;
  const open = (events: string) => {
    const connection = connect();
    const local = createLocalEvents({ name: events });
    const queue = create({
      db: connection.db,
      events: local,
      ahead: () => passed,
      ...options,
    });
    ends.push(async () => {
      await queue.close();
      await local.close();
      await connection.close();
    });
    return { db: connection.db, queue };
  };
  const { db, queue } = open(name);
  return {
    db,
    queue,
    another: () => open(name).queue,
    stranger: () => open(`${name} stranger`).queue,
    pass(ms: number) {
      passed += ms;
    },
    async killOwner() {
      await db
        .updateTable('jobs')
        .set({ lease_owner: ownerThatDied() })
        .where('state', '=', 'running')
        .execute();
    },
  };
}

const ownerThatDied = () => `${hostname()}/${spawnSync(process.execPath, ['-e', '']).pid}/1234/x`;

describe.each(DIALECTS)('%s', (dialect) => {
  const make = async (options: Partial<LeasedTableOptions> = {}) =>
    makeWith(await (dialect === 'sqlite' ? openSqliteJobs : openPostgresJobs)(options));

  jobQueueConformance(dialect, make);

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
    await t.db.updateTable('jobs').set({ lease_owner: 'elsewhere/1/2/x' }).execute();
    await aborted;
  });

  test.each(['while the process runs', 'before it starts'])(
    'a clock that is set back by an hour %s holds nothing up',
    async (when) => {
      const t = await make({ leaseMs: 1_000 });
      const put = () =>
        t.db.transaction().execute((tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {} }));
      const leased = await put();
      await t.queue.take(['ingest']);
      const waiting = await put();
      const later = await t.queue.take(['ingest']);
      await later?.fail('the provider is away', 300_000);
      // of another machine: nobody here can tell whether it lives
      await t.db
        .updateTable('jobs')
        .set({ lease_owner: 'elsewhere/1/2/x' })
        .where('id', '=', leased)
        .execute();
      t.pass(-3_600_000);
      const queue = when === 'before it starts' ? t.another() : t.queue;
      const taken = await queue.take(['ingest']);
      expect(taken?.id).toBe(waiting);
      await t.db.transaction().execute(async (tx) => taken?.complete(tx));
      expect(await queue.take(['ingest'])).toBeUndefined();
      t.pass(1_001);
      expect((await queue.take(['ingest']))?.id).toBe(leased);
    },
  );

  test('a clock that is set forward ends no wait before its time by more than it was', async () => {
    const t = await make();
    await t.db.transaction().execute((tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {} }));
    await (await t.queue.take(['ingest']))?.fail('the provider is away', 300_000);
    t.pass(100_000);
    expect(await t.queue.take(['ingest'])).toBeUndefined();
    t.pass(200_000);
    expect(await t.queue.take(['ingest'])).toBeDefined();
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
    const put = () =>
      t.db.transaction().execute((tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {} }));
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
});

describe('on PostgreSQL', () => {
  test('many who take at once take every job, and each of them once', async () => {
    const t = await makeWith(await openPostgresJobs({}));
    await t.db.transaction().execute(async (tx) => {
      for (let i = 0; i < 40; i++) await t.queue.enqueue(tx, { kind: 'ingest', payload: {} });
    });
    const ids: string[] = [];
    const takeAll = async (queue: JobQueue) => {
      for (let job = await queue.take(['ingest']); job; job = await queue.take(['ingest'])) ids.push(job.id);
    };
    await Promise.all([t.queue, t.another(), t.another(), t.another()].map(takeAll));
    expect(ids.length).toBe(40);
    expect(new Set(ids).size).toBe(40);
  });

  test('jobs are due, and leases run out, by the clock of the server', async () => {
    const t = await makeWith(await openPostgresJobs({}));
    ends.push(() => vi.useRealTimers());
    const anHourAhead = () => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    anHourAhead();
    await t.db.transaction().execute((tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {} }));
    vi.useRealTimers();
    expect(await t.queue.take(['ingest'])).toBeDefined();
    anHourAhead();
    expect(await t.stranger().take(['ingest'])).toBeUndefined();
  });

  test('of many who find the job of a dead process, one puts it back', async () => {
    const t = await makeWith(await openPostgresJobs({}));
    await t.db.transaction().execute((tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {} }));
    await t.queue.take(['ingest']);
    await t.killOwner();
    const found = await Promise.all(
      [t.queue, t.another(), t.another()].map((queue) => queue.take(['ingest'])),
    );
    expect(found.filter(Boolean)).toMatchObject([{ attempt: 2, deaths: 1 }]);
  });
});

test('taking a job reads the index of due jobs, whatever else waits', async () => {
  const serverTime = `to_char(statement_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  for (const [dialect, explain, now] of [
    ['sqlite', 'explain query plan', `'x'`],
    ['postgres', 'explain', serverTime],
  ] as const) {
    const due = `select * from jobs where state = 'queued' and kind = 'ingest' and run_at <= ${now} order by priority desc, run_at, id limit 1`;
    const store = await newStore(dialect);
    ends.push(() => store.close());
    const plan = JSON.stringify((await sql.raw(`${explain} ${due}`).execute(store.db)).rows);
    expect(plan).toMatch(/INDEX jobs_due|Index Scan using jobs_due.*Index Cond: .*run_at/);
    expect(plan).not.toMatch(/TEMP B-TREE|Sort/);
  }
});

test('a process is gone when it ended or another one took its id, and unknown on another host', () => {
  const mine = newLeaseOwner();
  expect(isGone(mine)).toBe(false);
  expect(isGone(ownerThatDied())).toBe(true);
  const [host, pid, , instance] = mine.split('/');
  if (process.platform === 'linux') expect(isGone(`${host}/${pid}/0-1/${instance}`)).toBe(true);
  expect(isGone(`elsewhere/${pid}/0-1/${instance}`)).toBe(false);
});
