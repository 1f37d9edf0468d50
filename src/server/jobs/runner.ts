import { setTimeout as pause } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { ERRORS, type ErrorCode } from '../../contract/errors.ts';
import { AppError, UpstreamError } from '../errors.ts';
import type { JobKind, JobQueue, LeasedJob } from '../ports/job-queue.ts';
import type { Database } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { storageFault } from '../storage-fault.ts';
import { span } from '../tracing.ts';
import { backoffMs } from './backoff.ts';

/** What a person is told: no internals. */
export interface JobReason {
  readonly code: ErrorCode;
  readonly detail: string;
}

export interface JobHandler {
  /** Does the work; what it completes itself, in the transaction of its result, stays complete. */
  run(job: LeasedJob, signal: AbortSignal): Promise<void>;
  /** Part of the transaction that ends the job as failed. */
  failed?(tx: Transaction, job: LeasedJob, reason: JobReason): Promise<void>;
  /** Part of the transaction that puts the job off. */
  waiting?(tx: Transaction, job: LeasedJob, reason: JobReason): Promise<void>;
  /**
   * Whether this fault, too, is waited out however long it lasts, instead of failing after the last try, as those of
   * a full disk and of services outside are for every handler.
   */
  endures?(error: unknown): boolean;
}

/** Kinds that share some slots: one kind's long jobs do not hold up another lane. */
export interface Lane {
  readonly kinds: readonly JobKind[];
  readonly concurrency: number;
}

export interface RunnerOptions {
  readonly db: Kysely<Database>;
  readonly queue: JobQueue;
  readonly lanes: readonly Lane[];
  readonly handlers: Readonly<Record<JobKind, JobHandler>>;
  /** Hears of every fault that is not the document's own; `final` when there is no further try. */
  readonly onFault?: (job: LeasedJob, error: unknown, final: boolean) => void;
  /** Hears of every job that was run to its end, well or not, and how long it took. */
  readonly onEnd?: (job: LeasedJob, tookMs: number, failed: boolean) => void;
  readonly random?: () => number;
}

export interface Runner {
  /** Jobs that run now. */
  running(): number;
  /** While held, jobs that run go on and none is taken. */
  hold(held: boolean): void;
  /** Takes no more, aborts and gives back what runs; what does not end within `timeoutMs` is left to its lease. */
  stop(timeoutMs: number): Promise<void>;
}

/** Takes jobs and runs them until stopped. */
export function startRunner({ db, queue, lanes, handlers, onFault, onEnd, random }: RunnerOptions): Runner {
  const stopping = new AbortController();
  const running = new Map<Lane, Set<Promise<void>>>(lanes.map((lane) => [lane, new Set()]));
  let slotFree = new AbortController();
  let held = false;

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const took = await fillLanes().catch((error: unknown) => {
        // the database was busy or the disk is full: nothing was taken, the next turn tries again
        if (!stopping.signal.aborted) onFault?.(NO_JOB, error, false);
        return false;
      });
      if (took) continue;
      slotFree = new AbortController();
      await queue.waitForWork(AbortSignal.any([stopping.signal, slotFree.signal]));
    }
  }

  /** At most one job a lane and turn, so that no lane waits for another's takes. */
  async function fillLanes(): Promise<boolean> {
    let took = false;
    if (held) return took;
    for (const [lane, jobs] of running) {
      if (jobs.size >= lane.concurrency || stopping.signal.aborted) continue;
      const job = await queue.take(lane.kinds);
      if (job === undefined) continue;
      took = true;
      const work = runJob(job)
        .catch((error: unknown) => onFault?.(job, error, false))
        .finally(() => {
          jobs.delete(work);
          slotFree.abort();
        });
      jobs.add(work);
    }
    return took;
  }

  async function runJob(job: LeasedJob): Promise<void> {
    const handler = handlers[job.kind];
    const signal = AbortSignal.any([job.signal, stopping.signal]);
    const begun = performance.now();
    try {
      // tries that ended in a fault which is waited out don't count
      if (job.deaths >= job.maxAttempts) throw new Interrupted(job.maxAttempts);
      await span(`job ${job.kind}`, () => handler.run(job, signal), { attempt: job.attempt });
      await job.complete();
      onEnd?.(job, performance.now() - begun, false);
    } catch (error) {
      // a cancelled job is no longer this process's: giving it back changes nothing
      if (signal.aborted) return job.release();
      onEnd?.(job, performance.now() - begun, true);
      await settleInTheEnd(job, handler, error);
    }
  }

  /**
   * A disk that is full takes the job's outcome no more than its result. Until it does the job stays here, in its
   * slot: nothing else could be done there, and a lease that is renewed but worked on by nobody would never end.
   */
  async function settleInTheEnd(job: LeasedJob, handler: JobHandler, error: unknown): Promise<void> {
    const signal = AbortSignal.any([job.signal, stopping.signal]);
    for (let tried = 1; !signal.aborted; tried++) {
      try {
        return await settle(job, handler, error);
      } catch (unsettled) {
        onFault?.(job, unsettled, false);
        await pause(delayMs(unsettled, tried), undefined, { signal }).catch(() => {});
      }
    }
    await job.release();
  }

  /** Whoever makes room on the disk shall see work go on soon. */
  const delayMs = (error: unknown, tried: number): number =>
    Math.min(backoffMs(tried, random), storageFault(error) === undefined ? Infinity : STORAGE_PAUSE_MS);

  async function settle(job: LeasedJob, handler: JobHandler, error: unknown): Promise<void> {
    const endured = !(error instanceof Interrupted) && isWaitedOut(handler, error);
    const final = !endured && (isLasting(error) || job.attempt >= job.maxAttempts);
    if (!isLasting(error)) onFault?.(job, error, final);
    const said = error instanceof Error ? error.message : String(error);
    await db.transaction().execute(async (tx) => {
      if (final) {
        await job.fail(said, undefined, tx);
        await handler.failed?.(tx, job, finalReason(error, job.attempt));
      } else {
        await job.fail(said, delayMs(error, job.attempt), tx);
        await handler.waiting?.(tx, job, waitingReason(error));
      }
    });
    // the row has its outcome and changes no more: the lease is let go of
    await job.complete();
  }

  const looping = loop();
  return {
    running: () => [...running.values()].reduce((sum, jobs) => sum + jobs.size, 0),
    hold(wanted) {
      held = wanted;
      slotFree.abort();
    },
    async stop(timeoutMs) {
      stopping.abort();
      const ended = looping.then(() => Promise.all([...running.values()].flatMap((jobs) => [...jobs])));
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([ended, timeout]);
      clearTimeout(timer);
    },
  };
}

/** The longest wait for a disk that is full or a database that is locked. */
const STORAGE_PAUSE_MS = 15_000;

/** Stands for the queue itself where a fault belongs to no job. */
const NO_JOB = { id: '', kind: 'ingest', attempt: 0, maxAttempts: 0 } as LeasedJob;

/** Every try ended without a word: the process died, each time. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor(tries: number) {
    super(`interrupted ${tries} times`);
  }
}

/** No document is given up because the disk was full, or the store of its file or the provider of vectors away. */
const isWaitedOut = (handler: JobHandler, error: unknown): boolean =>
  storageFault(error) !== undefined || error instanceof UpstreamError || handler.endures?.(error) === true;

/** Faults of the file itself don't heal. */
const isLasting = (error: unknown): boolean =>
  error instanceof Interrupted ||
  (error instanceof AppError && (error.code === 'FILE_MISSING' || ERRORS[error.code].status < 500));

function finalReason(error: unknown, tries: number): JobReason {
  if (error instanceof AppError && isLasting(error)) return { code: error.code, detail: error.message };
  return {
    code: 'INTERNAL',
    detail: `The document could not be processed in ${tries} tries. The server's log tells why.`,
  };
}

function waitingReason(error: unknown): JobReason {
  if (error instanceof AppError && isLasting(error)) return { code: error.code, detail: error.message };
  if (error instanceof UpstreamError) {
    return {
      code: 'UPSTREAM_UNAVAILABLE',
      detail: `The service “${error.service}” does not answer. It is tried again.`,
    };
  }
  const storage = storageFault(error);
  if (storage !== undefined)
    return { code: storage.code, detail: `${ERRORS[storage.code].title}. It is tried again.` };
  return { code: 'INTERNAL', detail: 'Something went wrong. It is tried again.' };
}
