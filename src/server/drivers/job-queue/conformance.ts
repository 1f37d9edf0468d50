import type { Kysely } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { JobKind, JobQueue, LeasedJob, NewJob } from '../../ports/job-queue.ts';
import type { Database } from '../../ports/schema.ts';
import type { Transaction } from '../../ports/transaction.ts';

export interface JobQueueUnderTest {
  readonly db: Kysely<Database>;
  readonly queue: JobQueue;
  /** A second process's view of the same jobs. */
  another(): JobQueue;
  /** Moves the queues' clock, not the machine's. */
  pass(ms: number): void;
  /** The leases of `queue` are what a process left that died without a word. */
  killOwner(): Promise<void>;
}

const ALL: readonly JobKind[] = ['ingest', 'embed', 'ocr', 'purge', 'purge-collection'];

export function jobQueueConformance(name: string, make: () => Promise<JobQueueUnderTest>): void {
  const put = ({ db, queue }: JobQueueUnderTest, job: Partial<NewJob> = {}) =>
    db.transaction().execute((tx) => queue.enqueue(tx, { kind: 'ingest', payload: {}, ...job }));
  const taken = async (queue: JobQueue, kinds = ALL): Promise<LeasedJob> => {
    const job = await queue.take(kinds);
    expect(job).toBeDefined();
    return job as LeasedJob;
  };

  const rolledBack = ({ db }: JobQueueUnderTest, work: (tx: Transaction) => Promise<unknown>) =>
    expect(
      db.transaction().execute(async (tx) => {
        await work(tx);
        throw new Error('roll back');
      }),
    ).rejects.toThrow('roll back');

  describe(`job queue: ${name}`, () => {
    test('a job is taken once, with its payload, and is gone when complete', async () => {
      const t = await make();
      const id = await put(t, { payload: { a: [1, 'x'] }, documentId: 'd1', maxAttempts: 3 });
      const job = await taken(t.queue);
      expect(job).toMatchObject({
        id,
        kind: 'ingest',
        payload: { a: [1, 'x'] },
        documentId: 'd1',
        attempt: 1,
        maxAttempts: 3,
      });
      expect(await t.queue.take(ALL)).toBeUndefined();
      expect(await t.queue.depth()).toEqual({ queued: 0, running: 1, failed: 0 });
      await job.complete();
      expect(await t.queue.depth()).toEqual({ queued: 0, running: 0, failed: 0 });
    });

    test('a job whose transaction rolls back never was', async () => {
      const t = await make();
      await rolledBack(t, (tx) => t.queue.enqueue(tx, { kind: 'ingest', payload: {} }));
      expect(await t.queue.take(ALL)).toBeUndefined();
    });

    test('a result that rolls back leaves its job running', async () => {
      const t = await make();
      await put(t);
      const job = await taken(t.queue);
      await rolledBack(t, (tx) => job.complete(tx));
      expect((await t.queue.depth()).running).toBe(1);
      await job.complete();
      expect((await t.queue.depth()).running).toBe(0);
    });

    test('higher priority goes first, then order of arrival; only kinds that were asked for', async () => {
      const t = await make();
      const low = await put(t, { priority: -1 });
      const first = await put(t);
      const second = await put(t, { kind: 'purge' });
      const high = await put(t, { priority: 5 });
      const other = await put(t, { kind: 'embed', priority: 9 });
      const order = [];
      for (let i = 0; i < 4; i++) order.push((await taken(t.queue, ['ingest', 'purge'])).id);
      expect(order).toEqual([high, first, second, low]);
      expect((await taken(t.queue)).id).toBe(other);
    });

    test('two processes never hold the same job', async () => {
      const t = await make();
      for (let i = 0; i < 10; i++) await put(t);
      const other = t.another();
      const ids: string[] = [];
      for (let i = 0; i < 12; i++) {
        const job = await (i % 2 ? t.queue : other).take(ALL);
        if (job !== undefined) ids.push(job.id);
      }
      expect(ids.length).toBe(10);
      expect(new Set(ids).size).toBe(10);
      await other.close();
    });

    test('a failed try comes back after its delay and counts', async () => {
      const t = await make();
      await put(t);
      await (await taken(t.queue)).fail('not yet', 10_000);
      expect(await t.queue.take(ALL)).toBeUndefined();
      expect((await t.queue.depth()).queued).toBe(1);
      t.pass(10_001);
      const again = await taken(t.queue);
      expect(again.attempt).toBe(2);
      await again.fail('never', undefined);
      t.pass(1_000_000);
      expect(await t.queue.take(ALL)).toBeUndefined();
      expect(await t.queue.depth()).toEqual({ queued: 0, running: 0, failed: 1 });
    });

    test('a job that is given back is free at once and the try does not count', async () => {
      const t = await make();
      await put(t);
      await (await taken(t.queue)).release();
      expect((await taken(t.queue)).attempt).toBe(1);
    });

    test('a lease that is not renewed runs out, and its late owner changes nothing any more', async () => {
      const t = await make();
      await put(t);
      const late = await taken(t.queue);
      const other = t.another();
      t.pass(14_000);
      expect(await other.take(ALL)).toBeUndefined();
      t.pass(2_000);
      const job = await taken(other);
      expect(job.attempt).toBe(2);
      await late.complete();
      await late.fail('late', undefined);
      await late.release();
      expect(await t.queue.depth()).toEqual({ queued: 0, running: 1, failed: 0 });
      await job.complete();
      await other.close();
    });

    test('the job of a process that died is free at once', async () => {
      const t = await make();
      const id = await put(t);
      await taken(t.queue);
      await t.killOwner();
      const other = t.another();
      expect((await taken(other)).id).toBe(id);
      await other.close();
    });

    test('a job that a crash interrupted goes on before those that have been waiting', async () => {
      const t = await make();
      const interrupted = await put(t);
      t.pass(1_000);
      const waiting = await put(t);
      const urgent = await put(t, { priority: 1 });
      expect((await taken(t.queue)).id).toBe(urgent);
      await (await taken(t.queue)).release();
      expect((await taken(t.queue)).id).toBe(interrupted);
      await t.killOwner();
      const other = t.another();
      const order = [];
      for (let i = 0; i < 3; i++) order.push(await taken(other));
      expect(order.map(({ id }) => id)).toEqual([urgent, interrupted, waiting]);
      expect(order.map(({ attempt }) => attempt)).toEqual([2, 2, 1]);
      await other.close();
    });

    test('a job knows how often in a row its owner died', async () => {
      const t = await make();
      await put(t, { maxAttempts: 3 });
      const other = t.another();
      for (const deaths of [0, 1, 2]) {
        expect((await taken(t.queue)).deaths).toBe(deaths);
        await t.killOwner();
      }
      const survived = await taken(other);
      expect(survived).toMatchObject({ attempt: 4, deaths: 3 });
      await survived.fail('not yet', 0);
      expect((await taken(t.queue)).deaths).toBe(0);
      await t.killOwner();
      const given = await taken(other);
      expect(given.deaths).toBe(1);
      await given.release();
      expect((await taken(other)).deaths).toBe(0);
      await other.close();
    });

    test('a job whose lease ran out keeps its place in the line too', async () => {
      const t = await make();
      const first = await put(t);
      await taken(t.queue);
      t.pass(1_000);
      await put(t);
      t.pass(15_000);
      const other = t.another();
      expect((await taken(other)).id).toBe(first);
      await other.close();
    });

    test('a job that is given back keeps its place in the line', async () => {
      const t = await make();
      const first = await put(t);
      t.pass(1_000);
      await put(t);
      await (await taken(t.queue)).release();
      expect((await taken(t.queue)).id).toBe(first);
    });

    test('a job of a kind that was not asked for is left to others, also when its owner died', async () => {
      const t = await make();
      const id = await put(t, { kind: 'embed' });
      await taken(t.queue);
      await t.killOwner();
      const other = t.another();
      expect(await other.take(['ingest', 'purge'])).toBeUndefined();
      expect((await taken(other, ['embed'])).id).toBe(id);
      await other.close();
    });

    test('a failed try that rolls back leaves its job running', async () => {
      const t = await make();
      await put(t);
      const job = await taken(t.queue);
      await rolledBack(t, (tx) => job.fail('never', undefined, tx));
      expect(await t.queue.depth()).toEqual({ queued: 0, running: 1, failed: 0 });
    });

    test('a cancellation that rolls back loses no job, waiting or running', async () => {
      const t = await make();
      const ids = [await put(t, { documentId: 'a' }), await put(t, { documentId: 'a' })];
      const running = await taken(t.queue);
      await rolledBack(t, (tx) => t.queue.cancel(tx, 'a'));
      expect(await t.queue.depth()).toEqual({ queued: 1, running: 1, failed: 0 });
      await running.release();
      expect([(await taken(t.queue)).id, (await taken(t.queue)).id]).toEqual(ids);
    });

    test('a cancelled job is neither completed, failed nor given back by its late owner', async () => {
      const t = await make();
      for (const end of ['complete', 'fail', 'release'] as const) {
        await put(t, { documentId: 'a' });
        const job = await taken(t.queue);
        await t.db.transaction().execute((tx) => t.queue.cancel(tx, 'a'));
        if (end === 'fail') await job.fail('late', undefined);
        else await job[end]();
        expect(await t.queue.take(ALL)).toBeUndefined();
        expect(await t.queue.depth()).toEqual({ queued: 0, running: 0, failed: 0 });
      }
    });

    test("cancelling ends a document's waiting jobs and aborts its running one; others go on", async () => {
      const t = await make();
      await put(t, { documentId: 'a', kind: 'embed' });
      const running = await taken(t.queue);
      await put(t, { documentId: 'a' });
      const kept = await put(t, { documentId: 'b' });
      const aborted = new Promise((resolve) => running.signal.addEventListener('abort', resolve));
      await t.db.transaction().execute((tx) => t.queue.cancel(tx, 'a'));
      await aborted;
      await running.release();
      expect((await taken(t.queue)).id).toBe(kept);
      expect(await t.queue.take(ALL)).toBeUndefined();
    });

    test('a cancellation by another process is heard', async () => {
      const t = await make();
      await put(t, { documentId: 'a' });
      const running = await taken(t.queue);
      const other = t.another();
      const aborted = new Promise((resolve) => running.signal.addEventListener('abort', resolve));
      await t.db.transaction().execute((tx) => other.cancel(tx, 'a'));
      await aborted;
      expect((await t.queue.depth()).running).toBe(0);
      await other.close();
    });

    test('waiting ends when work comes, also when it came before the wait, and at abort', async () => {
      const t = await make();
      const never = new AbortController();
      const waiting = t.queue.waitForWork(never.signal);
      await put(t);
      await waiting;
      await (await taken(t.queue)).complete();
      const stop = new AbortController();
      const stopped = t.queue.waitForWork(stop.signal);
      stop.abort();
      await stopped;
      await t.queue.waitForWork(stop.signal);
    });

    test('waiting ends when the queue is closed', async () => {
      const t = await make();
      const queue = t.another();
      const waiting = queue.waitForWork(new AbortController().signal);
      await queue.close();
      await waiting;
    });
  });
}
