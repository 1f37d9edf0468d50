import type { Kysely, Selectable } from 'kysely';
import type { z } from 'zod';
import type { ListPage } from '../../contract/common.ts';
import type { adminJob } from '../../contract/system.ts';
import { AppError } from '../errors.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Database, JobRow } from '../ports/schema.ts';
import { now } from './ids.ts';
import { reindex } from './intake.ts';
import { listPage } from './listing.ts';

export type ListedJob = z.infer<typeof adminJob>;

const toJob = (row: Selectable<JobRow>): ListedJob => ({
  id: row.id,
  kind: row.kind,
  documentId: row.document_id,
  state: row.state,
  attempt: row.attempt,
  lastError: row.last_error,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
});

/** The jobs in one state, the latest first. */
export async function listJobs(
  db: Kysely<Database>,
  page: { readonly limit: number; readonly cursor?: string | undefined; readonly state: JobRow['state'] },
): Promise<ListPage<ListedJob>> {
  const jobs = db.selectFrom('jobs').where('state', '=', page.state);
  return listPage(jobs.selectAll(), {
    ...page,
    order: ['created_at', 'id'],
    descending: true,
    show: toJob,
  });
}

/**
 * Tries a failed job once more. A document's work begins anew, under a new task of its owner; other jobs go on
 * as they are.
 *
 * @returns the job that will run: a new one for a document.
 * @throws AppError NOT_FOUND, or CONFLICT when it has not failed.
 */
export async function retryJob(db: Kysely<Database>, queue: JobQueue, id: string): Promise<ListedJob> {
  const job = await db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
  if (job === undefined) throw new AppError('NOT_FOUND', 'There is no such job.');
  if (job.state !== 'failed') throw new AppError('CONFLICT', `The job has not failed: it is ${job.state}.`);
  const owner =
    job.document_id === null
      ? undefined
      : await db
          .selectFrom('documents')
          .select('owner_id')
          .where('id', '=', job.document_id)
          .executeTakeFirst();
  if (job.document_id !== null && owner !== undefined) {
    await reindex(db, queue, owner.owner_id, [job.document_id]);
    await db
      .updateTable('jobs')
      .set({ state: 'cancelled' })
      .where('id', '=', id)
      .where('state', '=', 'failed')
      .execute();
    const begun = await db
      .selectFrom('jobs')
      .selectAll()
      .where('document_id', '=', job.document_id)
      .where('state', 'in', ['queued', 'running'])
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    return toJob(begun ?? { ...job, state: 'cancelled' });
  }
  const again = {
    state: 'queued',
    attempt: 0,
    deaths: 0,
    run_at: now(),
    finished_at: null,
    lease_owner: null,
    lease_until: null,
  } as const;
  await db.updateTable('jobs').set(again).where('id', '=', id).where('state', '=', 'failed').execute();
  return toJob({ ...job, ...again });
}
