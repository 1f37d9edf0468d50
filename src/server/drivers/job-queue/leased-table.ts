import type { Kysely, RawBuilder } from 'kysely';
import { v7 } from 'uuid';
import type { Events } from '../../ports/events.ts';
import type { JobKind, JobQueue, LeasedJob } from '../../ports/job-queue.ts';
import type { Database } from '../../ports/schema.ts';
import type { Transaction } from '../../ports/transaction.ts';
import { QUEUED, RUNNING, type StoredJob } from './due-jobs.ts';
import { newLeaseOwner } from './lease-owner.ts';

export interface LeasedTableOptions {
  readonly db: Kysely<Database>;
  readonly events: Events;
  /** How long a lease lasts without renewal: the longest wait for a job whose owner can't be looked up. */
  readonly leaseMs?: number;
  readonly renewMs?: number;
  /** How soon work is seen that another process enqueued. */
  readonly pollMs?: number;
  /** Milliseconds by which the clock is ahead of the real one. */
  readonly ahead?: () => number;
}

const DEFAULT_ATTEMPTS = 8;
const PRUNE_EVERY_MS = 3_600_000;
const KEEP_ENDED_MS = 86_400_000;
/** Failed jobs stay longer: an operator reads why, and retries. */
const KEEP_FAILED_MS = 30 * 86_400_000;
/** One prune stays a short transaction. */
const PRUNE_AT_ONCE = 500;

/** A clock that fell behind by more than this was set back. */
const SET_BACK_MS = 5_000;
/** No job is put off for longer: twice the longest pause between tries (`jobs/backoff.ts`). */
const LONGEST_DELAY_MS = 600_000;

/** A time as ISO 8601 in UTC, with milliseconds: told by this process, or an expression that the database tells it by. */
export type Instant = string | RawBuilder<string>;

/** One try to take a job. */
export interface Taking {
  readonly db: Kysely<Database>;
  readonly owner: string;
  readonly kinds: readonly JobKind[];
  readonly now: Instant;
  readonly leaseUntil: Instant;
}

/**
 * Puts back into the line what others left that are gone, and takes the first job that is due, in one transaction
 * or as if it were.
 */
export type TakeDue = (taking: Taking) => Promise<StoredJob | undefined>;

/** What differs by dialect. */
export interface JobDialect {
  readonly takeDue: TakeDue;
  /** The time in `ms` from now, by the clock that all who take jobs share. */
  fromNow(ms: number): Instant;
}

/** Jobs in the records' database: what a transaction enqueues commits with it. */
export function createLeasedTable(options: LeasedTableOptions, { takeDue, fromNow }: JobDialect): JobQueue {
  const { db, events, leaseMs = 15_000, renewMs = 5_000, pollMs = 1_000, ahead = () => 0 } = options;
  const owner = newLeaseOwner();
  const held = new Map<string, { documentId: string | null; controller: AbortController }>();
  const at = (offsetMs = 0): Instant => fromNow(offsetMs + ahead());
  const clock = (): number => Date.now() + ahead();
  let lastPrune = clock();
  let aheadOfUptimeMs: number | undefined;
  let woken = false;
  let waking = false;
  let wake = () => {};

  const stopJobs = events.subscribe('jobs', () => {
    woken = true;
    wake();
  });
  const stopCancel = events.subscribe('cancel', (documentId) => {
    for (const { documentId: ofJob, controller } of held.values())
      if (ofJob === documentId) controller.abort();
  });
  const renewal = setInterval(() => void renew().catch(() => {}), renewMs);
  renewal.unref();

  /** A lease that can't be renewed belongs to somebody else now, or its job was cancelled. */
  async function renew(): Promise<void> {
    if (held.size === 0) return;
    const ids = [...held.keys()];
    const kept = await db
      .updateTable('jobs')
      .set({ lease_until: at(leaseMs) })
      .where('id', 'in', ids)
      .where('lease_owner', '=', owner)
      .where('state', '=', RUNNING)
      .returning('id')
      .execute();
    const mine = new Set(kept.map(({ id }) => id));
    for (const id of ids) if (!mine.has(id)) held.get(id)?.controller.abort();
  }

  /**
   * Times of a clock that has been set back lie far ahead: jobs would wait, and leases of the dead last, for as long as
   * it was set back. Looked for at the first taking, and whenever this machine's clock falls behind its uptime.
   */
  async function pullInTimes(): Promise<void> {
    const before = aheadOfUptimeMs;
    aheadOfUptimeMs = clock() - performance.now();
    if (before !== undefined && before - aheadOfUptimeMs < SET_BACK_MS) return;
    await db
      .updateTable('jobs')
      .set({ run_at: at() })
      .where('state', 'in', [QUEUED, RUNNING])
      .where('run_at', '>', at(LONGEST_DELAY_MS))
      .execute();
    await db
      .updateTable('jobs')
      .set({ lease_until: at(leaseMs) })
      .where('state', '=', RUNNING)
      .where('lease_until', '>', at(2 * leaseMs))
      .execute();
  }

  /** Another thread or process hears of it once the open transaction has ended, as far as that can be told here. */
  const cancelSoon = (documentId: string): void =>
    void setImmediate(() => events.publish('cancel', documentId));
  /** A hundred jobs of one transaction wake everybody once. */
  const wakeSoon = (id: string): void => {
    if (waking) return;
    waking = true;
    setImmediate(() => {
      waking = false;
      events.publish('jobs', id);
    });
  };

  async function prune(): Promise<void> {
    if (clock() - lastPrune < PRUNE_EVERY_MS) return;
    lastPrune = clock();
    for (const [states, keepMs] of [
      [['done', 'cancelled'], KEEP_ENDED_MS],
      [['failed'], KEEP_FAILED_MS],
    ] as const) {
      for (const state of states) {
        const old = db
          .selectFrom('jobs')
          .select('id')
          .where('state', '=', state)
          .where('created_at', '<', at(-keepMs))
          .orderBy('created_at')
          .limit(PRUNE_AT_ONCE);
        await db.deleteFrom('jobs').where('id', 'in', old).execute();
      }
    }
  }

  function lease(row: StoredJob): LeasedJob {
    const controller = new AbortController();
    held.set(row.id, { documentId: row.document_id, controller });
    /** Nothing changes when the lease was lost or the job was cancelled. */
    const end = async (tx: Transaction | undefined, change: Record<string, Instant | number | null>) => {
      if (tx === undefined) held.delete(row.id);
      await (tx ?? db)
        .updateTable('jobs')
        .set({ lease_owner: null, lease_until: null, ...change })
        .where('id', '=', row.id)
        .where('lease_owner', '=', owner)
        .where('state', '=', RUNNING)
        .execute();
    };
    return {
      id: row.id,
      kind: row.kind as JobKind,
      payload: JSON.parse(row.payload),
      ...(row.document_id === null ? {} : { documentId: row.document_id }),
      attempt: row.attempt,
      maxAttempts: row.max_attempts,
      deaths: row.deaths,
      signal: controller.signal,
      complete: (tx) => end(tx, { state: 'done', finished_at: at(), last_error: null }),
      async fail(reason, delayMs, tx) {
        if (delayMs === undefined) return end(tx, { state: 'failed', finished_at: at(), last_error: reason });
        await end(tx, { state: 'queued', run_at: at(delayMs), last_error: reason, deaths: 0 });
      },
      async release() {
        await end(undefined, { state: 'queued', attempt: row.attempt - 1, deaths: 0 });
        wakeSoon(row.id);
      },
    };
  }

  return {
    async enqueue(tx, job) {
      const id = v7();
      await tx
        .insertInto('jobs')
        .values({
          id,
          kind: job.kind,
          payload: JSON.stringify(job.payload),
          document_id: job.documentId ?? null,
          priority: job.priority ?? 0,
          state: 'queued',
          run_at: at(),
          attempt: 0,
          max_attempts: job.maxAttempts ?? DEFAULT_ATTEMPTS,
          lease_owner: null,
          lease_until: null,
          last_error: null,
          created_at: at(),
          finished_at: null,
        })
        .execute();
      wakeSoon(id);
      return id;
    },

    async take(kinds) {
      await prune();
      await pullInTimes();
      const row = await takeDue({ db, owner, kinds, now: at(), leaseUntil: at(leaseMs) });
      return row === undefined ? undefined : lease(row);
    },

    async cancel(tx, documentId) {
      const ended = await tx
        .updateTable('jobs')
        .set({ state: 'cancelled', finished_at: at(), lease_owner: null, lease_until: null })
        .where('document_id', '=', documentId)
        .where('state', 'in', ['queued', 'running'])
        .returning('id')
        .execute();
      if (ended.length > 0) cancelSoon(documentId);
    },

    async waitForWork(signal) {
      if (!woken && !signal.aborted) {
        const pause = Promise.withResolvers<void>();
        const timer = setTimeout(pause.resolve, pollMs);
        signal.addEventListener('abort', () => pause.resolve(), { once: true });
        wake = pause.resolve;
        await pause.promise;
        clearTimeout(timer);
      }
      woken = false;
    },

    async depth() {
      const rows = await db
        .selectFrom('jobs')
        .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
        .where('state', 'in', ['queued', 'running', 'failed'])
        .groupBy('state')
        .execute();
      const count = (state: string) => Number(rows.find((row) => row.state === state)?.count ?? 0);
      return { queued: count('queued'), running: count('running'), failed: count('failed') };
    },

    async close() {
      clearInterval(renewal);
      stopJobs();
      stopCancel();
      wake();
    },
  };
}
