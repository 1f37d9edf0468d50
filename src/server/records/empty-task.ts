import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { now } from './ids.ts';
import { createTask } from './tasks.ts';

/** A task with nothing to do, finished as it begins: every answer to a batch names a task that can be asked for. */
export const createEmptyTask = (db: Kysely<Database>, userId: string): Promise<string> =>
  db.transaction().execute(async (tx) => {
    const id = await createTask(tx, { userId, kind: 'ingest', documents: [] });
    await tx.updateTable('tasks').set({ finished_at: now() }).where('id', '=', id).execute();
    return id;
  });
