import type { JobQueue } from '../../ports/job-queue.ts';
import { findOrphans, firstDue, requeue } from './due-jobs.ts';
import { createLeasedTable, type LeasedTableOptions, type Taking } from './leased-table.ts';

export const createSqliteJobQueue = (options: LeasedTableOptions): JobQueue =>
  createLeasedTable(options, {
    takeDue: takeInTransaction,
    // whoever opens the file runs on this machine
    fromNow: (ms) => new Date(Date.now() + ms).toISOString(),
  });

/** Only one connection writes at a time: within its transaction nobody else takes anything. */
async function takeInTransaction(taking: Taking) {
  const { db, owner, leaseUntil } = taking;
  // an idle queue is only read: the write lock is taken when there is something to change
  if ((await firstDue(db, taking)).length === 0 && (await findOrphans(db, taking)).length === 0)
    return undefined;
  return db.transaction().execute(async (tx) => {
    const lost = (await findOrphans(tx, taking)).map(({ id }) => id);
    if (lost.length > 0) await requeue(tx).where('id', 'in', lost).execute();
    const [due] = await firstDue(tx, taking);
    if (due === undefined) return undefined;
    return tx
      .updateTable('jobs')
      .set({ state: 'running', attempt: due.attempt + 1, lease_owner: owner, lease_until: leaseUntil })
      .where('id', '=', due.id)
      .returningAll()
      .executeTakeFirst();
  });
}
