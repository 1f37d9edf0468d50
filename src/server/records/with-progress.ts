import type { Kysely } from 'kysely';
import type { Document } from '../../contract/documents.ts';
import type { Database } from '../ports/schema.ts';

/**
 * With how far each is that is being worked on, by the newest task that follows it; the rest cost nothing. The task
 * is named when it is the user's.
 */
export async function withProgress(
  db: Kysely<Database>,
  userId: string,
  documents: readonly Document[],
): Promise<Document[]> {
  const working = documents.filter(isWorkedOn).map(({ id }) => id);
  if (working.length === 0) return [...documents];
  const rows = await db
    .selectFrom('task_items as i')
    .leftJoin('tasks as t', (join) => join.onRef('t.id', '=', 'i.task_id').on('t.user_id', '=', userId))
    .select(['i.document_id', 'i.stage', 'i.percent', 't.id as own_task'])
    .where('i.document_id', 'in', working)
    .where('i.status', 'in', ['queued', 'processing'])
    .orderBy('i.task_id')
    .execute();
  const items = Map.groupBy(rows, ({ document_id }) => document_id);
  return documents.map((document) => {
    if (!isWorkedOn(document)) return document;
    const followed = items.get(document.id) ?? [];
    // one that was moved to another collection is followed by no task
    const { stage, percent } = followed.at(-1) ?? { stage: document.status, percent: 0 };
    const taskId = followed.findLast(({ own_task }) => own_task !== null)?.own_task ?? null;
    return { ...document, progress: { taskId, stage, percent } };
  });
}

const isWorkedOn = ({ status }: Document): boolean => status !== 'ready' && status !== 'failed';
