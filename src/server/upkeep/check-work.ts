import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { faultOf, type StoreFault } from './store-fault.ts';

const UNFINISHED = ['queued', 'processing'] as const;
const PENDING = ['queued', 'running'] as const;

/** Jobs, tasks and documents that wait for one another, and sums that are kept beside what they count. */
export async function checkWork(db: Kysely<Database>): Promise<StoreFault[]> {
  return [
    ...(await checkWaiting(db)),
    ...(await checkTasks(db)),
    ...(await checkCollections(db)),
    ...(await checkTombstones(db)),
    ...(await checkUsage(db)),
  ];
}

async function checkWaiting(db: Kysely<Database>): Promise<StoreFault[]> {
  const waiting = await db
    .selectFrom('documents as d')
    .select('d.id')
    .where('d.status', 'in', ['queued', 'parsing', 'embedding'])
    .where(({ not, exists, selectFrom }) => not(exists(pendingJob(selectFrom, 'd.id'))))
    .orderBy('d.id')
    .execute();
  const jobs = await db
    .selectFrom('jobs as j')
    .leftJoin('documents as d', 'd.id', 'j.document_id')
    .select('j.document_id')
    .distinct()
    .where('j.state', 'in', PENDING)
    .where('j.document_id', 'is not', null)
    .where('d.id', 'is', null)
    .execute();
  const documents = waiting.map(({ id }) => id);
  const orphans = jobs.map(({ document_id }) => document_id as string);
  return [
    ...faultOf(documents, {
      check: 'document-waiting',
      detail: 'A document waits to be read, and no job will read it.',
      mend: 'it is queued again',
      repair: { do: 'read-again', documentIds: documents },
    }),
    ...faultOf(orphans, {
      check: 'job-without-document',
      detail: 'A job waits or runs for a document that is not there.',
      mend: 'it is cancelled',
      repair: { do: 'cancel-jobs', documentIds: orphans },
    }),
  ];
}

type SelectFrom = Kysely<Database>['selectFrom'];

const pendingJob = (selectFrom: unknown, documentId: string) =>
  (selectFrom as SelectFrom)('jobs')
    .select('jobs.id')
    .where('jobs.state', 'in', PENDING)
    .where('jobs.document_id', '=', sql<string>`${sql.ref(documentId)}`);

async function checkTasks(db: Kysely<Database>): Promise<StoreFault[]> {
  const items = await db
    .selectFrom('task_items as i')
    .select('i.document_id')
    .distinct()
    .where('i.status', 'in', UNFINISHED)
    .where(({ not, exists, selectFrom }) => not(exists(pendingJob(selectFrom, 'i.document_id'))))
    .execute();
  const tasks = await db
    .selectFrom('tasks as t')
    .select('t.id')
    .where('t.finished_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('task_items as i')
            .select('i.position')
            .whereRef('i.task_id', '=', 't.id')
            .where('i.status', 'in', UNFINISHED),
        ),
      ),
    )
    .execute();
  const documents = items.map(({ document_id }) => document_id);
  const open = tasks.map(({ id }) => id);
  return [
    ...faultOf(documents, {
      check: 'item-waiting',
      detail: "A task follows a document's work, and there is no such work.",
      mend: "the task's item ends as its document did",
      repair: { do: 'settle-items', documentIds: documents },
    }),
    ...faultOf(open, {
      check: 'task-open',
      detail: 'A task is open of which nothing is left to do.',
      mend: 'it is ended',
      repair: { do: 'settle-tasks', taskIds: open },
    }),
  ];
}

async function checkCollections(db: Kysely<Database>): Promise<StoreFault[]> {
  const rows = await db
    .selectFrom('collections as c')
    .select(({ selectFrom, fn }) => [
      'c.id',
      'c.document_count',
      'c.next_ordinal',
      selectFrom('documents as d')
        .select(fn.countAll().as('n'))
        .whereRef('d.collection_id', '=', 'c.id')
        .as('documents'),
      selectFrom('revisions as r')
        .select(sql<number>`max(r.first_ordinal + r.chunk_count)`.as('end'))
        .whereRef('r.collection_no', '=', 'c.no')
        .as('end'),
    ])
    .execute();
  const counts = rows.filter((row) => Number(row.documents) !== row.document_count).map(({ id }) => id);
  const ordinals = rows.filter((row) => Number(row.end ?? 0) > Number(row.next_ordinal)).map(({ id }) => id);
  return [
    ...faultOf(counts, {
      check: 'collection-count',
      detail: 'A collection shows another number of documents than it holds.',
      mend: 'they are counted again',
      repair: { do: 'count-collections', collectionIds: counts },
    }),
    ...faultOf(ordinals, {
      check: 'collection-ordinals',
      detail: 'A collection would give places in the index to new documents that others have.',
      mend: 'its counter is set behind the last one given',
      repair: { do: 'count-collections', collectionIds: ordinals },
    }),
  ];
}

async function checkTombstones(db: Kysely<Database>): Promise<StoreFault[]> {
  const rows = await db
    .selectFrom('tombstones as t')
    .select(['t.id', 't.collection_no', 't.first_ordinal'])
    .where('t.purged', '=', 0)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('revisions as r')
            .select('r.revision')
            .whereRef('r.collection_no', '=', 't.collection_no')
            .whereRef('r.first_ordinal', '=', 't.first_ordinal'),
        ),
      ),
    )
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('collections as c').select('c.id').whereRef('c.no', '=', 't.collection_no')),
    )
    .execute();
  return faultOf(
    rows.map(({ collection_no, first_ordinal }) => `collection ${collection_no}, passage ${first_ordinal}`),
    {
      check: 'tombstone-unpurged',
      detail: 'A range is noted as being purged of which nothing is left.',
      mend: 'it is noted as purged',
      repair: { do: 'settle-tombstones', ids: rows.map(({ id }) => Number(id)) },
    },
  );
}

async function checkUsage(db: Kysely<Database>): Promise<StoreFault[]> {
  const rows = await db
    .selectFrom('usage as g')
    .leftJoin('users as u', 'u.id', 'g.user_id')
    .select('g.user_id')
    .distinct()
    .where('u.id', 'is', null)
    .execute();
  const ids = rows.map(({ user_id }) => user_id);
  return faultOf(ids, {
    check: 'usage-without-user',
    detail: 'Usage is kept of an account that is not there.',
    mend: 'it is removed',
    repair: { do: 'remove-usage', userIds: ids },
  });
}
