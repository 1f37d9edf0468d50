import { sql } from 'kysely';
import type { JobQueue } from '../../ports/job-queue.ts';
import { dueOf, findOrphans, firstDue, requeue, type StoredJob } from './due-jobs.ts';
import { createLeasedTable, type LeasedTableOptions, type Taking } from './leased-table.ts';

export const createPostgresJobQueue = (options: LeasedTableOptions): JobQueue =>
  createLeasedTable(options, { takeDue: takeUnlocked, fromNow });

/** By the server's clock: those of the machines that take jobs may differ by more than a lease lasts. */
const fromNow = (ms: number) => sql<string>`
  to_char((statement_timestamp() + ${ms / 1000}::float8 * interval '1 second') at time zone 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * Each step is a statement of its own, so that workers pass each other: one that is being taken is locked, and the
 * others take the next one.
 */
async function takeUnlocked(taking: Taking): Promise<StoredJob | undefined> {
  const { db, owner, leaseUntil, now } = taking;
  // as it was found: of two that found it, one puts it back
  for (const { id, lease_owner, lease_until } of await findOrphans(db, taking))
    await requeue(db)
      .where('id', '=', id)
      .where('state', '=', 'running')
      .where(
        sql<boolean>`(lease_owner, lease_until) is not distinct from (${lease_owner}::text, ${lease_until}::text)`,
      )
      .execute();
  for (const { kind } of await firstDue(db, taking)) {
    const taken = await db
      .updateTable('jobs')
      .set((the) => ({
        state: 'running',
        attempt: the('attempt', '+', 1),
        lease_owner: owner,
        lease_until: leaseUntil,
      }))
      .where('id', '=', dueOf(db, kind, now).select('id').forUpdate().skipLocked())
      .returningAll()
      .executeTakeFirst();
    if (taken !== undefined) return taken;
  }
  return undefined;
}
