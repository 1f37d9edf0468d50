import type { Kysely, Selectable } from 'kysely';
import type { ListPage } from '../../contract/common.ts';
import type { ErrorCode } from '../../contract/errors.ts';
import { makeItemError } from '../../contract/make-problem.ts';
import type { Task, TaskItem } from '../../contract/tasks.ts';
import { AppError } from '../errors.ts';
import type { Events } from '../ports/events.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Database, TaskItemRow, TaskRow } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { giveUp } from './document-progress.ts';
import { newId, now } from './ids.ts';
import { listPage } from './listing.ts';

/** What of one document's progress a person is shown. */
export interface ItemReason {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** Rows of one statement: SQLite takes 32,766 parameters. */
const ITEMS_AT_ONCE = 500;

const UNFINISHED = ['queued', 'processing'] as const;

/** A task whose items follow the work on these documents, whoever began it. */
export async function createTask(
  tx: Transaction,
  task: { userId: string; kind: TaskRow['kind']; documents: readonly { id: string; filename: string }[] },
): Promise<string> {
  const id = newId();
  await tx
    .insertInto('tasks')
    .values({ id, user_id: task.userId, kind: task.kind, created_at: now(), finished_at: null })
    .execute();
  await addItems(tx, id, task.documents, 0);
  return id;
}

/** Takes more documents into a task, which goes on when it was over. */
export async function extendTask(
  tx: Transaction,
  id: string,
  documents: readonly { id: string; filename: string }[],
): Promise<void> {
  const { last } = await tx
    .selectFrom('task_items')
    .select((e) => e.fn.max('position').as('last'))
    .where('task_id', '=', id)
    .executeTakeFirstOrThrow();
  await tx.updateTable('tasks').set({ finished_at: null }).where('id', '=', id).execute();
  await addItems(tx, id, documents, (last ?? -1) + 1);
}

async function addItems(
  tx: Transaction,
  id: string,
  documents: readonly { id: string; filename: string }[],
  from: number,
): Promise<void> {
  const items = documents.map((document, i) => ({
    task_id: id,
    position: from + i,
    document_id: document.id,
    filename: document.filename,
    status: 'queued' as const,
    stage: 'queued',
    percent: 0,
    error_code: null,
    error_detail: null,
  }));
  for (let at = 0; at < items.length; at += ITEMS_AT_ONCE) {
    await tx
      .insertInto('task_items')
      .values(items.slice(at, at + ITEMS_AT_ONCE))
      .execute();
  }
}

/**
 * Notes how far a document is in every unfinished task that follows it.
 * @param change `reason` tells why it waits; it goes away with the next step.
 * @returns the tasks that changed.
 */
export async function noteProgress(
  tx: Transaction,
  documentId: string,
  change: { stage: string; percent: number; reason?: ItemReason },
): Promise<string[]> {
  const rows = await tx
    .updateTable('task_items')
    .set({
      status: 'processing',
      stage: change.stage,
      percent: change.percent,
      error_code: change.reason?.code ?? null,
      error_detail: change.reason?.detail ?? null,
    })
    .where('document_id', '=', documentId)
    .where('status', 'in', UNFINISHED)
    .returning('task_id')
    .execute();
  return rows.map(({ task_id }) => task_id);
}

/** Only tells why a document waits. @returns the tasks that changed. */
export async function noteWaiting(
  tx: Transaction,
  documentId: string,
  reason: ItemReason,
): Promise<string[]> {
  const rows = await tx
    .updateTable('task_items')
    .set({ error_code: reason.code, error_detail: reason.detail })
    .where('document_id', '=', documentId)
    .where('status', 'in', UNFINISHED)
    .returning('task_id')
    .execute();
  return rows.map(({ task_id }) => task_id);
}

/** Ends a document's items in every unfinished task, and the tasks of which nothing is left to do. @returns the tasks that changed. */
export async function finishItems(
  tx: Transaction,
  documentId: string,
  outcome: { status: 'completed' } | { status: 'failed' | 'cancelled'; reason?: ItemReason },
): Promise<string[]> {
  const reason = outcome.status === 'completed' ? undefined : outcome.reason;
  const rows = await tx
    .updateTable('task_items')
    .set({
      status: outcome.status,
      error_code: reason?.code ?? null,
      error_detail: reason?.detail ?? null,
      ...(outcome.status === 'completed' ? { stage: 'done', percent: 100 } : {}),
    })
    .where('document_id', '=', documentId)
    .where('status', 'in', UNFINISHED)
    .returning('task_id')
    .execute();
  const ids = rows.map(({ task_id }) => task_id);
  for (const id of ids) await finishTask(tx, id);
  return ids;
}

/** Ends a task of which nothing is left to do. */
export async function finishTask(tx: Transaction, taskId: string): Promise<void> {
  await tx
    .updateTable('tasks')
    .set({ finished_at: now() })
    .where('id', '=', taskId)
    .where('finished_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('task_items')
            .select('position')
            .where('task_id', '=', taskId)
            .where('status', 'in', UNFINISHED),
        ),
      ),
    )
    .execute();
}

/** A user's task as the contract shows it; undefined when there is none of theirs. */
export async function readTask(
  db: Kysely<Database>,
  taskId: string,
  userId: string,
): Promise<Task | undefined> {
  const task = await db
    .selectFrom('tasks')
    .selectAll()
    .where('id', '=', taskId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return task === undefined ? undefined : (await withItems(db, [task]))[0];
}

export async function ownerOfTask(db: Kysely<Database>, taskId: string): Promise<string | undefined> {
  const found = await db.selectFrom('tasks').select('user_id').where('id', '=', taskId).executeTakeFirst();
  return found?.user_id;
}

/** Ids of the user's tasks that are being worked on, the newest first. */
export async function activeTasks(db: Kysely<Database>, userId: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('tasks')
    .select('id')
    .where('user_id', '=', userId)
    .where('finished_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** More would be news of a page that was away for long, which reads its lists anew anyway. */
const MOST_ENDED = 100;

/** Ids of the user's tasks that ended at `at` or later, oldest first. */
export async function tasksEndedSince(db: Kysely<Database>, userId: string, at: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('tasks')
    .select('id')
    .where('user_id', '=', userId)
    .where('finished_at', '>=', at.toISOString())
    .orderBy('finished_at', 'desc')
    .limit(MOST_ENDED)
    .execute();
  return rows.map(({ id }) => id).reverse();
}

/** The user's tasks, the newest first. @throws AppError INVALID_CURSOR */
export async function listTasks(
  db: Kysely<Database>,
  userId: string,
  { active, ...page }: { limit: number; cursor?: string | undefined; active?: boolean | undefined },
): Promise<ListPage<Task>> {
  let own = db.selectFrom('tasks').selectAll().where('user_id', '=', userId);
  if (active !== undefined) own = own.where('finished_at', active ? 'is' : 'is not', null);
  const found = await listPage(own, {
    ...page,
    order: ['created_at', 'id'],
    descending: true,
    show: (row) => row,
  });
  return { ...found, items: await withItems(db, found.items) };
}

async function withItems(db: Kysely<Database>, tasks: readonly Selectable<TaskRow>[]): Promise<Task[]> {
  if (tasks.length === 0) return [];
  const rows = await db
    .selectFrom('task_items')
    .selectAll()
    .where(
      'task_id',
      'in',
      tasks.map(({ id }) => id),
    )
    .orderBy('task_id')
    .orderBy('position')
    .execute();
  const byTask = Map.groupBy(rows, ({ task_id }) => task_id);
  return tasks.map((task) => toTask(task, (byTask.get(task.id) ?? []).map(showItem)));
}

function toTask(task: Selectable<TaskRow>, items: TaskItem[]): Task {
  const count = (...states: TaskItem['status'][]) =>
    items.filter(({ status }) => states.includes(status)).length;
  const done = count('completed');
  const failed = count('failed', 'cancelled');
  return {
    id: task.id,
    kind: task.kind,
    status: statusOf({ done, failed, queued: count('queued'), total: items.length }),
    progress: { done, failed, total: items.length },
    items,
    createdAt: task.created_at,
    finishedAt: task.finished_at,
  };
}

function statusOf({
  done,
  failed,
  queued,
  total,
}: {
  done: number;
  failed: number;
  queued: number;
  total: number;
}): Task['status'] {
  if (done + failed === total) return failed === 0 ? 'completed' : done === 0 ? 'failed' : 'partial';
  return queued === total ? 'queued' : 'processing';
}

const showItem = (row: Selectable<TaskItemRow>): TaskItem => ({
  documentId: row.document_id,
  filename: row.filename,
  status: row.status,
  stage: row.stage,
  percent: row.percent,
  ...(row.error_code === null
    ? {}
    : { error: makeItemError(row.error_code as ErrorCode, row.error_detail ?? '') }),
});

/**
 * Cancels what has not finished, as far as the task's user may still change it. Documents that were never found
 * before are then `failed` with CANCELLED.
 */
export async function cancelTask(
  db: Kysely<Database>,
  queue: JobQueue,
  events: Events,
  taskId: string,
): Promise<void> {
  for (const { document_id } of await cancellable(db, taskId).execute())
    await cancelDocument(db, queue, events, document_id);
}

/**
 * What has finished stays as it is.
 * @throws AppError NOT_FOUND when the task has no such item, or its user may not change the document any more.
 */
export async function cancelTaskItem(
  db: Kysely<Database>,
  queue: JobQueue,
  events: Events,
  taskId: string,
  documentId: string,
): Promise<void> {
  const item = await db
    .selectFrom('task_items')
    .select('status')
    .where('task_id', '=', taskId)
    .where('document_id', '=', documentId)
    .executeTakeFirst();
  if (item !== undefined && item.status !== 'queued' && item.status !== 'processing') return;
  const found = await cancellable(db, taskId).where('item.document_id', '=', documentId).executeTakeFirst();
  if (found === undefined) throw new AppError('NOT_FOUND', 'The task has no such document.');
  await cancelDocument(db, queue, events, documentId);
}

/** Unfinished items whose documents the task's user may change now: rights may have ended since it began. */
const cancellable = (db: Kysely<Database>, taskId: string) =>
  db
    .selectFrom('task_items as item')
    .innerJoin('tasks as task', 'task.id', 'item.task_id')
    .innerJoin('documents as d', 'd.id', 'item.document_id')
    .innerJoin('collections as c', 'c.id', 'd.collection_id')
    .leftJoin('collection_members as m', (join) =>
      join.onRef('m.collection_id', '=', 'c.id').onRef('m.user_id', '=', 'task.user_id'),
    )
    .select('item.document_id')
    .where('item.task_id', '=', taskId)
    .where('item.status', 'in', UNFINISHED)
    .where((either) =>
      either.or([either('c.owner_id', '=', either.ref('task.user_id')), either('m.role', '=', 'editor')]),
    );

async function cancelDocument(
  db: Kysely<Database>,
  queue: JobQueue,
  events: Events,
  documentId: string,
): Promise<void> {
  const reason: ItemReason = { code: 'CANCELLED', detail: 'Cancelled before it was finished.' };
  const changed = await db.transaction().execute(async (tx) => {
    const ids = await finishItems(tx, documentId, { status: 'cancelled', reason });
    // finished in the meantime: what is complete is not taken back
    if (ids.length === 0) return ids;
    await queue.cancel(tx, documentId);
    await giveUp(tx, queue, documentId, reason);
    return ids;
  });
  if (changed.length > 0) events.publish('cancel', documentId);
  for (const id of changed) events.publish('task', id);
}
