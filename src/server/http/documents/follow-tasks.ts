import type { Task } from '../../../contract/tasks.ts';
import type { ServerEvent } from '../sse.ts';
import { pause } from './follow-task.ts';

/** A message may be lost: the active tasks are read again after this time in any case. */
const MAX_INTERVAL_MS = 10_000;
/** Changes that come closer together make one event; a task of a thousand files is told about less often. */
const MIN_INTERVAL_MS = 200;
const MS_PER_ITEM = 2;
const MAX_PAUSE_MS = 2000;

export interface FollowedTasks {
  readonly active: () => Promise<readonly Task[]>;
  readonly endedSince: (at: Date) => Promise<readonly Task[]>;
  /** Undefined when it is gone. */
  readonly read: (taskId: string) => Promise<Task | undefined>;
  readonly subscribe: (onChange: (taskId: string) => void) => () => void;
  /** Of the last event that the client has seen; it carries the time. */
  readonly lastEventId?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * All tasks of a user: `tasks` with the active ones first, then `progress` of each that changes and `done` of each
 * that ends. Who comes back is told of what ended in between.
 */
export async function* followTasks({
  active,
  endedSince,
  read,
  subscribe,
  lastEventId = '',
  signal,
}: FollowedTasks): AsyncGenerator<ServerEvent> {
  const changed = new Set<string>();
  const shown = new Map<string, string>();
  let change = Promise.withResolvers<void>();
  const wake = () => change.resolve();
  const unsubscribe = subscribe((taskId) => {
    changed.add(taskId);
    wake();
  });
  signal.addEventListener('abort', wake, { once: true });
  let events = 0;
  const event = (name: string, data: unknown): ServerEvent => ({
    event: name,
    id: `${Date.now()}-${++events}`,
    data,
  });
  const seen = (tasks: readonly Task[]) => {
    for (const task of tasks) shown.set(task.id, JSON.stringify(task));
  };
  try {
    const tasks = await active();
    seen(tasks);
    yield event('tasks', { tasks });
    const since = Number.parseInt(lastEventId, 10);
    if (since > 0) for (const task of await endedSince(new Date(since))) yield event('done', task);
    while (!signal.aborted) {
      const timer = new AbortController();
      if (changed.size === 0) await Promise.race([change.promise, pause(MAX_INTERVAL_MS, timer.signal)]);
      timer.abort();
      // made before reading: a change while a task is read counts for the next turn
      change = Promise.withResolvers();
      const ids = changed.size > 0 ? [...changed] : [...shown.keys()];
      changed.clear();
      let items = 0;
      for (const id of ids) {
        if (signal.aborted) return;
        const task = await read(id);
        if (task === undefined) {
          shown.delete(id);
          continue;
        }
        items += task.items.length;
        const state = JSON.stringify(task);
        if (state === shown.get(id)) continue;
        if (task.finishedAt === null) {
          shown.set(id, state);
          yield event('progress', task);
        } else {
          shown.delete(id);
          yield event('done', task);
        }
      }
      await pause(Math.min(MAX_PAUSE_MS, MIN_INTERVAL_MS + MS_PER_ITEM * items), signal);
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', wake);
  }
}
