import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { compiledLookUp } from './compiled.ts';

type Db = Kysely<Database>;

/** Ids of the user's tasks that are being worked on, the newest first. */
export async function activeTasks(db: Db, userId: string, limit: number): Promise<string[]> {
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

/** Ids of the user's tasks that ended after `since`, the latest first. @param since ISO 8601, UTC. */
export async function tasksEndedAfter(
  db: Db,
  userId: string,
  since: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('tasks')
    .select('id')
    .where('user_id', '=', userId)
    .where('finished_at', '>', since)
    .orderBy('finished_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

const findOwner = compiledLookUp((db, taskId) =>
  db.selectFrom('tasks').select('user_id').where('id', '=', taskId),
);

/** Whose task it is; undefined when there is none. */
export const taskOwner = async (db: Db, taskId: string): Promise<string | undefined> =>
  (await findOwner(db, taskId))?.user_id;
