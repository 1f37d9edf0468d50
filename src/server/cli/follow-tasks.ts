import { setTimeout as pause } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { TaskItem } from '../../contract/tasks.ts';
import type { Database } from '../ports/schema.ts';
import { readTask } from '../records/tasks.ts';
import type { ProgressBar } from './progress-bar.ts';

const LOOK_EVERY_MS = 150;

/** Shows the progress of the tasks until all have ended. @returns the items that failed. */
export async function followTasks(
  db: Kysely<Database>,
  userId: string,
  taskIds: readonly string[],
  bar: ProgressBar,
): Promise<TaskItem[]> {
  for (;;) {
    const tasks = (await Promise.all(taskIds.map((id) => readTask(db, id, userId)))).filter(
      (task) => task !== undefined,
    );
    const items = tasks.flatMap((task) => task.items);
    const ended = items.filter(({ status }) => status !== 'queued' && status !== 'processing').length;
    const running = items.find(({ status }) => status === 'processing');
    bar.show(
      ended,
      items.length,
      running === undefined ? '' : `${running.stage} ${running.percent} % ${running.filename}`,
    );
    if (ended === items.length) {
      bar.end();
      return items.filter(({ status }) => status === 'failed');
    }
    await pause(LOOK_EVERY_MS);
  }
}
