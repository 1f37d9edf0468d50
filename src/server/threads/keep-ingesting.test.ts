import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openIngestHouse } from '../../../test/support/ingest-house.ts';
import { createLog } from '../log.ts';
import type { Events } from '../ports/events.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import { newWriteTurns } from '../records/write-turns.ts';
import type { EndedJob, IngestHandlers, IngestThreadData } from './ingest-thread.ts';
import { type IngestKeeper, keepIngesting } from './keep-ingesting.ts';
import type { Thread, ThreadOptions } from './rpc.ts';

const IDLE_MS = 10_000;
const LOOK_MS = 1000;

let dir: string;
let keeper: IngestKeeper | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keeper-'));
});
afterEach(async () => {
  await keeper?.close();
  keeper = undefined;
  vi.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
});

/** Stands for a thread: notes what is asked of it, and dies when told. */
interface FakeThread {
  readonly asked: string[];
  die(): void;
  note(value: unknown): void;
}

const dataOf = (folder: string): IngestThreadData => ({
  records: { kind: 'sqlite', path: join(folder, 'ka.sqlite') },
  originals: { kind: 'disk', dir: join(folder, 'files') },
  modelDir: join(folder, 'no model'),
  eventsName: folder,
  writeTurns: newWriteTurns(),
  concurrency: 1,
  embeddingSessions: 1,
});

/** A keeper on a clock that the test moves, a queue whose depth it sets and threads that it looks at. */
function keep() {
  vi.useFakeTimers();
  const threads: FakeThread[] = [];
  const lines: { event: string; fields: unknown }[] = [];
  const ended: EndedJob[] = [];
  const line = (event: string, fields?: unknown) => void lines.push({ event, fields });
  const state = {
    held: false,
    runningHere: 0,
    depth: async () => ({ queued: 0, running: 0, failed: 0 }),
    draining: Promise.resolve(),
  };
  const listeners = new Map<string, () => void>();
  const startIngestThread = (options: ThreadOptions): Thread<IngestHandlers> => {
    const asked: string[] = [];
    let dead = false;
    let onNote: (value: unknown) => void = () => {};
    threads.push({
      asked,
      die() {
        dead = true;
        options.onDeath?.(new Error('out of memory'));
      },
      note: (value) => onNote(value),
    });
    return {
      ready: Promise.resolve(),
      isDead: () => dead,
      call: (async (method: string) => {
        asked.push(method);
        await state.draining;
        return { runningHere: state.runningHere };
      }) as Thread<IngestHandlers>['call'],
      onNote: (listener) => {
        onNote = listener;
      },
      async close() {
        asked.push('close');
      },
    };
  };
  keeper = keepIngesting(dataOf(dir), {
    queue: { depth: () => state.depth() } as JobQueue,
    events: {
      subscribe: (topic, listener) => {
        listeners.set(topic, () => listener(''));
        return () => void listeners.delete(topic);
      },
    } as Events,
    log: { error: line, warn: line } as never,
    idleMs: IDLE_MS,
    held: () => state.held,
    onEnd: (job) => void ended.push(job),
    startIngestThread,
  });
  return {
    threads,
    lines,
    ended,
    announce: () => listeners.get('jobs')?.(),
    beginUpload: () => listeners.get('upload')?.(),
    listens: () => listeners.size > 0,
    /** Whether memory is short, and how many jobs of the thread still run. */
    hold(held: boolean, runningHere = 0) {
      Object.assign(state, { held, runningHere });
    },
    waiting(queued: number, running = 0) {
      state.depth = async () => ({ queued, running, failed: 0 });
    },
    fail(error: Error) {
      state.depth = async () => {
        throw error;
      };
    },
    /** Depth and draining hang until the returned function is called. */
    holdDepth() {
      const gate = Promise.withResolvers<{ queued: number; running: number; failed: number }>();
      state.depth = () => gate.promise;
      return gate.resolve;
    },
    holdDraining() {
      const gate = Promise.withResolvers<void>();
      state.draining = gate.promise;
      return gate.resolve;
    },
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
    close: () => (keeper as IngestKeeper).close(),
  };
}

test('without jobs no thread is started, and a job of this process starts one at once', async () => {
  const t = keep();
  await t.pass(5 * LOOK_MS);
  expect(t.threads).toHaveLength(0);
  t.waiting(1);
  t.announce();
  expect(t.threads).toHaveLength(1);
});

test('jobs that another process or a crash left are found by looking', async () => {
  const t = keep();
  await t.pass(0);
  t.waiting(0, 1);
  await t.pass(LOOK_MS);
  expect(t.threads).toHaveLength(1);
});

test('a file that begins to arrive starts the thread, which gets ready for it', async () => {
  const t = keep();
  t.beginUpload();
  t.beginUpload();
  expect(t.threads.map(({ asked }) => asked)).toEqual([['expectFile', 'expectFile']]);
});

test('however often work is announced, there is one thread', async () => {
  const t = keep();
  t.waiting(3);
  for (let i = 0; i < 5; i++) t.announce();
  await t.pass(3 * LOOK_MS);
  expect(t.threads).toHaveLength(1);
});

test('an idle thread is drained and ended after its time, and not before', async () => {
  const t = keep();
  t.announce();
  await t.pass(IDLE_MS);
  expect(t.threads[0]?.asked).toEqual([]);
  await t.pass(LOOK_MS);
  expect(t.threads[0]?.asked).toEqual(['drain', 'close']);
  await t.pass(5 * LOOK_MS);
  expect(t.threads).toHaveLength(1);
});

test('work keeps the thread, and its idle time begins when the work has ended', async () => {
  const t = keep();
  t.waiting(0, 1);
  t.announce();
  await t.pass(3 * IDLE_MS);
  expect(t.threads[0]?.asked).toEqual([]);
  t.waiting(0);
  await t.pass(IDLE_MS - LOOK_MS);
  expect(t.threads[0]?.asked).toEqual([]);
  await t.pass(3 * LOOK_MS);
  expect(t.threads[0]?.asked).toEqual(['drain', 'close']);
});

test('a job that comes while the idle thread drains gets a thread of its own', async () => {
  const t = keep();
  const drained = t.holdDraining();
  t.announce();
  await t.pass(IDLE_MS + LOOK_MS);
  expect(t.threads[0]?.asked).toEqual(['drain']);
  t.waiting(1);
  t.announce();
  expect(t.threads).toHaveLength(2);
  drained();
  await t.pass(2 * LOOK_MS);
  expect(t.threads[0]?.asked).toEqual(['drain', 'close']);
  expect(t.threads[1]?.asked).toEqual([]);
});

test('a thread that dies is reported and followed by another one while there is work', async () => {
  const t = keep();
  t.waiting(1);
  t.announce();
  t.threads[0]?.die();
  expect(t.lines).toMatchObject([{ event: 'ingest thread died' }]);
  await t.pass(LOOK_MS);
  expect(t.threads).toHaveLength(2);
  t.waiting(0);
  t.threads[1]?.die();
  await t.pass(5 * LOOK_MS);
  expect(t.threads).toHaveLength(2);
});

test('one that dies again and again is started ever more seldom, and anew at once after it has lived', async () => {
  const t = keep();
  t.waiting(1);
  t.announce();
  const startedAfter: number[] = [];
  for (let i = 0; i < 9; i++) {
    const diedAt = performance.now();
    t.threads.at(-1)?.die();
    t.announce();
    while (t.threads.length < i + 2) await t.pass(LOOK_MS);
    startedAfter.push(Math.floor((performance.now() - diedAt) / LOOK_MS));
  }
  expect(startedAfter).toEqual([1, 1, 2, 4, 8, 16, 32, 60, 60]);
  await t.pass(60 * LOOK_MS);
  t.threads.at(-1)?.die();
  await t.pass(LOOK_MS);
  expect(t.threads).toHaveLength(11);
});

test('faults of jobs are logged, and the last one says that it is the last', async () => {
  const t = keep();
  t.announce();
  const job = { id: 'j', kind: 'embed', attempt: 1 };
  t.threads[0]?.note({ job, error: { kind: 'other', message: 'no model' }, final: false });
  t.threads[0]?.note({ job, error: { kind: 'other', message: 'no model' }, final: true });
  expect(t.lines.map(({ event }) => event)).toEqual(['job will be tried again', 'job failed']);
});

test('a look for jobs that fails, the first one too, is logged and made again', async () => {
  const t = keep();
  t.fail(new Error('the database is locked'));
  await t.pass(2 * LOOK_MS);
  expect(t.lines[0]).toMatchObject({ event: 'jobs could not be looked for' });
  expect(t.threads).toHaveLength(0);
  t.waiting(1);
  await t.pass(LOOK_MS);
  expect(t.threads).toHaveLength(1);
});

test('closing during the first look starts nothing any more', async () => {
  const t = keep();
  const looked = t.holdDepth();
  await t.pass(LOOK_MS);
  const closed = t.close();
  looked({ queued: 1, running: 0, failed: 0 });
  await closed;
  await t.pass(5 * LOOK_MS);
  expect(t.threads).toHaveLength(0);
  expect(t.listens()).toBe(false);
});

test('closing drains a thread that has only just been started, and waits for its end', async () => {
  const t = keep();
  const drained = t.holdDraining();
  t.announce();
  const closed = t.close().then(() => t.threads[0]?.asked.push('closed'));
  await t.pass(0);
  expect(t.threads[0]?.asked).toEqual(['drain']);
  drained();
  await closed;
  expect(t.threads[0]?.asked).toEqual(['drain', 'close', 'closed']);
});

test('a long write-ahead log is copied back although there are no jobs', async () => {
  const log = join(dir, 'ka.sqlite-wal');
  writeFileSync(log, '');
  truncateSync(log, 17 * 1024 * 1024);
  const t = keep();
  await t.pass(0);
  expect(t.threads).toHaveLength(1);
});

test('the real thread does announced work and is gone after closing', async () => {
  const house = await openIngestHouse({ dir });
  const user = await house.addUser();
  const collection = await house.addCollection(user);
  keeper = keepIngesting(dataOf(dir), { queue: house.queue, events: house.events, log: createLog('silent') });
  const embedding = new Promise<void>((resolve) => {
    house.events.subscribe('task', async () => {
      const row = await house.db.selectFrom('documents').select('status').executeTakeFirst();
      if (row?.status === 'embedding') resolve();
    });
  });
  await house.add(user, collection, { 'pump.txt': 'The gasket is replaced every year.' });
  await embedding;
  await keeper.close();
  expect(await house.queue.depth()).toMatchObject({ queued: 1, running: 0 });
  await house.close({ keep: true });
});

test('while memory is short the thread takes no job and ends after its last one; later it starts again', async () => {
  const t = keep();
  t.waiting(3, 1);
  await t.pass(LOOK_MS);
  t.hold(true, 1);
  await t.pass(2 * LOOK_MS);
  expect(t.threads[0]?.asked).toEqual(['hold', 'stats', 'stats']);
  t.hold(true, 0);
  await t.pass(LOOK_MS);
  expect(t.threads[0]?.asked.slice(-3)).toEqual(['stats', 'drain', 'close']);
  t.announce();
  await t.pass(5 * LOOK_MS);
  expect(t.threads).toHaveLength(1);
  t.hold(false);
  await t.pass(LOOK_MS);
  expect(t.threads).toHaveLength(2);
});

test('a thread that was held and still runs jobs is let go when there is memory again', async () => {
  const t = keep();
  t.waiting(3, 1);
  await t.pass(LOOK_MS);
  t.hold(true, 1);
  await t.pass(LOOK_MS);
  t.hold(false, 1);
  await t.pass(LOOK_MS);
  expect(t.threads[0]?.asked).toEqual(['hold', 'stats', 'hold']);
});

test('jobs that were run are told to who counts them, and are no faults', async () => {
  const t = keep();
  t.waiting(1);
  t.announce();
  const ended = { kind: 'ingest', tookMs: 12, failed: false } as const;
  t.threads[0]?.note({ ended });
  expect([t.ended, t.lines]).toEqual([[ended], []]);
});
