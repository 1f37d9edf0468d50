import { afterEach, beforeEach, expect, test } from 'vitest';
import { ALL_KINDS, type IngestHouse, openIngestHouse } from '../../../test/support/ingest-house.ts';
import { AppError, UpstreamError } from '../errors.ts';
import type { JobKind, LeasedJob, NewJob } from '../ports/job-queue.ts';
import { backoffMs } from './backoff.ts';
import { type JobHandler, type JobReason, type Lane, type Runner, startRunner } from './runner.ts';

let house: IngestHouse;
let runner: Runner | undefined;
beforeEach(async () => {
  house = await openIngestHouse();
});
afterEach(async () => {
  await runner?.stop(1_000);
  await house.close();
});

const enqueue = (job: Partial<NewJob> = {}) =>
  house.db.transaction().execute((tx) => house.queue.enqueue(tx, { kind: 'ingest', payload: {}, ...job }));
const start = (
  handler: JobHandler,
  lanes: Lane[] = [{ kinds: ALL_KINDS, concurrency: 2 }],
  onFault?: () => void,
) => {
  const handlers = {
    ingest: handler,
    embed: handler,
    ocr: handler,
    purge: handler,
    'purge-collection': handler,
  };
  runner = startRunner({
    db: house.db,
    queue: house.queue,
    lanes,
    handlers,
    random: () => 0,
    ...(onFault ? { onFault } : {}),
  });
  return runner;
};
const job = (id: string) =>
  house.db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const until = async (holds: () => Promise<boolean> | boolean) => {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
};
const untilState = (id: string, state: string) => until(async () => (await job(id)).state === state);
const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );

test('never more jobs run at a time than the lane has slots, and a free slot is filled at once', async () => {
  let now = 0;
  let most = 0;
  const ids = await Promise.all(Array.from({ length: 9 }, () => enqueue()));
  start(
    {
      async run() {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
      },
    },
    [{ kinds: ['ingest'], concurrency: 3 }],
  );
  for (const id of ids) await untilState(id, 'done');
  expect(most).toBe(3);
});

test('a long job of one lane holds up no other lane', async () => {
  const long = await enqueue({ kind: 'embed' });
  const quick = await enqueue({ kind: 'ingest' });
  let release = () => {};
  start(
    {
      run: (leased) =>
        leased.kind === 'embed' ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve(),
    },
    [
      { kinds: ['embed'], concurrency: 1 },
      { kinds: ['ingest'], concurrency: 1 },
    ],
  );
  await untilState(quick, 'done');
  expect((await job(long)).state).toBe('running');
  release();
  await untilState(long, 'done');
});

test("a fault of the file ends the job at the first try, with the reader's message", async () => {
  const reasons: JobReason[] = [];
  let faults = 0;
  const id = await enqueue();
  start(
    {
      async run() {
        throw new AppError('FILE_ENCRYPTED', 'The file needs a password.');
      },
      async failed(_tx, _job, reason) {
        reasons.push(reason);
      },
    },
    undefined,
    () => faults++,
  );
  await untilState(id, 'failed');
  expect(reasons).toEqual([{ code: 'FILE_ENCRYPTED', detail: 'The file needs a password.' }]);
  expect((await job(id)).attempt).toBe(1);
  expect(faults).toBe(0);
});

test('an unknown fault is tried again, later each time, and ends after the last try', async () => {
  const id = await enqueue({ maxAttempts: 3 });
  const attempts: number[] = [];
  const told: string[] = [];
  start({
    async run(leased) {
      attempts.push(leased.attempt);
      throw new Error('disk on fire');
    },
    async waiting(_tx, _job, reason) {
      told.push(`waiting ${reason.code}`);
    },
    async failed(_tx, _job, reason) {
      told.push(`failed ${reason.code}`);
    },
  });
  await until(async () => {
    const row = await job(id);
    if (row.state === 'queued' && row.attempt > 0) {
      house.pass(10_000);
      house.events.publish('jobs', id);
    }
    return row.state === 'failed';
  });
  expect(attempts).toEqual([1, 2, 3]);
  expect(told).toEqual(['waiting INTERNAL', 'waiting INTERNAL', 'failed INTERNAL']);
  expect((await job(id)).last_error).toBe('disk on fire');
});

test('a job whose every try died without a word is not tried for ever', async () => {
  const id = await enqueue({ maxAttempts: 2 });
  house.raw.prepare('update jobs set attempt = 2, deaths = 2 where id = ?').run(id);
  let ran = false;
  start({
    async run() {
      ran = true;
    },
  });
  await untilState(id, 'failed');
  expect(ran).toBe(false);
});

test('a job that endures faults, but not the death of its process, is not tried for ever either', async () => {
  const id = await enqueue({ maxAttempts: 2 });
  house.raw.prepare('update jobs set attempt = 9, deaths = 2 where id = ?').run(id);
  const reasons: JobReason[] = [];
  let ran = false;
  start({
    async run() {
      ran = true;
    },
    async failed(_tx, _job, reason) {
      reasons.push(reason);
    },
    endures: () => true,
  });
  await untilState(id, 'failed');
  expect(ran).toBe(false);
  expect(reasons).toMatchObject([{ code: 'INTERNAL' }]);
  expect((await job(id)).last_error).toBe('interrupted 2 times');
});

test.each([
  ['a service that is away', new UpstreamError('storage', 'away', { retryable: true }), undefined],
  ['a fault that its handler endures', new AppError('INTERNAL', 'this one'), () => true],
])('%s is waited out beyond the last try', async (_name, fault, endures) => {
  const id = await enqueue({ maxAttempts: 1 });
  let tries = 0;
  start({
    async run() {
      if (++tries < 4) throw fault;
    },
    ...(endures === undefined ? {} : { endures }),
  });
  await until(async () => {
    house.pass(100_000);
    house.events.publish('jobs', id);
    return (await job(id)).state === 'done';
  });
  expect(tries).toBe(4);
});

test('a disk that is full makes no job fail, however often and in whatever of its steps it is met', async () => {
  const id = await enqueue({ maxAttempts: 1 });
  const told: string[] = [];
  let tries = 0;
  start({
    async run(leased) {
      // the third time nothing fits any more, not even the outcome
      if (++tries === 3) house.raw.pragma('query_only = on');
      if (tries > 3) return leased.complete();
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    },
    async waiting(_tx, _job, reason) {
      told.push(reason.code);
    },
  });
  await until(async () => {
    const { state } = await job(id);
    if (state === 'running' && tries === 3) house.raw.pragma('query_only = off');
    if (state === 'queued') {
      house.pass(100_000);
      house.events.publish('jobs', id);
    }
    return state === 'done';
  });
  expect(tries).toBe(4);
  expect(told).toEqual(['STORAGE_FULL', 'STORAGE_FULL', 'STORAGE_FULL']);
});

test('a cancelled job is neither retried nor failed', async () => {
  const id = await enqueue({ documentId: 'd' });
  let ended = false;
  start({
    run: (_job, signal) =>
      aborted(signal).catch((error: unknown) => {
        ended = true;
        throw error;
      }),
  });
  await untilState(id, 'running');
  await house.db.transaction().execute((tx) => house.queue.cancel(tx, 'd'));
  await until(() => ended && runner?.running() === 0);
  expect(await job(id)).toMatchObject({ state: 'cancelled', last_error: null });
});

test('stopping gives back what runs, and takes nothing more', async () => {
  const first = await enqueue();
  const second = await enqueue();
  const stopped = start({ run: (_job: LeasedJob, signal: AbortSignal) => aborted(signal) }, [
    { kinds: ['ingest'], concurrency: 1 },
  ]);
  await untilState(first, 'running');
  await stopped.stop(1_000);
  expect(await job(first)).toMatchObject({ state: 'queued', attempt: 0, lease_owner: null });
  expect(await job(second)).toMatchObject({ state: 'queued', attempt: 0 });
  expect(stopped.running()).toBe(0);
});

test('stopping does not wait longer than allowed for a job that does not listen', async () => {
  const id = await enqueue();
  let release = () => {};
  const stopped = start({ run: () => new Promise<void>((resolve) => (release = resolve)) });
  await untilState(id, 'running');
  await stopped.stop(1);
  expect(stopped.running()).toBe(1);
  release();
  await until(() => stopped.running() === 0);
});

test('a result that is stored with its job is not done twice', async () => {
  const kinds: JobKind[] = [];
  const id = await enqueue();
  start({
    async run(leased) {
      kinds.push(leased.kind);
      await house.db.transaction().execute((tx) => leased.complete(tx));
    },
  });
  await untilState(id, 'done');
  await until(() => runner?.running() === 0);
  expect(kinds).toEqual(['ingest']);
});

test('waits double up to five minutes, and are spread', () => {
  expect([1, 2, 3, 9, 10, 1_000].map((attempt) => backoffMs(attempt, () => 1))).toEqual([
    1_000, 2_000, 4_000, 256_000, 300_000, 300_000,
  ]);
  expect(backoffMs(3, () => 0)).toBe(2_000);
});

test('a runner that is held takes no job until it is let go, and what runs goes on', async () => {
  const running = await enqueue();
  const finish = Promise.withResolvers<void>();
  const held = start({ run: () => finish.promise });
  await untilState(running, 'running');
  held.hold(true);
  const waiting = await enqueue();
  finish.resolve();
  await untilState(running, 'done');
  expect([held.running(), (await job(waiting)).state]).toEqual([0, 'queued']);
  held.hold(false);
  await untilState(waiting, 'done');
});

test('every job that was run is told of with how long it took and whether it failed', async () => {
  const [well, ill] = [await enqueue(), await enqueue({ maxAttempts: 1 })];
  const ends: unknown[] = [];
  const handler: JobHandler = {
    async run({ id }) {
      if (id === ill) throw new Error('ill');
    },
  };
  runner = startRunner({
    db: house.db,
    queue: house.queue,
    lanes: [{ kinds: ALL_KINDS, concurrency: 1 }],
    handlers: { ingest: handler, embed: handler, ocr: handler, purge: handler, 'purge-collection': handler },
    onEnd: ({ id, kind }, tookMs, failed) => void ends.push([id, kind, tookMs >= 0, failed]),
  });
  await untilState(well, 'done');
  await untilState(ill, 'failed');
  expect(ends).toEqual([
    [well, 'ingest', true, false],
    [ill, 'ingest', true, true],
  ]);
});
