import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Task } from '../../../contract/tasks.ts';
import type { ServerEvent } from '../sse.ts';

/** A task that changes all the time is told five times a second. */
const MIN_INTERVAL_MS = 200;
/** A task of many items is a large event: one of 1,000, some 150 kB, is told every two seconds. */
const INTERVAL_PER_ITEM_MS = 2;
const LONGEST_MIN_INTERVAL_MS = 2000;
/** A message may be lost, and some changes are made without one: what is active is looked at again in any case. */
const MAX_INTERVAL_MS = 10_000;
/** An end is dated before it can be seen by others: a little from before is told again. */
const OVERLAP_MS = 5000;
/** States that are kept to see whether a task changed. */
const SHOWN_KEPT = 500;

export interface OwnTasks {
  /** Ids of the tasks in work, the newest first. */
  readonly active: () => Promise<readonly string[]>;
  /** Ids of those that ended after a time, ISO 8601. */
  readonly endedAfter: (since: string) => Promise<readonly string[]>;
  /** As it is now; undefined when it is gone. */
  readonly read: (taskId: string) => Promise<Task | undefined>;
  readonly watch: (onChange: (taskId: string) => void) => () => void;
  /** Of the last event that the client has seen: when it was made. */
  readonly lastEventId?: string | undefined;
  readonly signal: AbortSignal;
  readonly minIntervalMs?: number;
  readonly maxIntervalMs?: number;
}

/**
 * Everything that happens to one user's tasks until `signal` aborts. First `tasks` with those in work, and `done` for
 * each that ended since `lastEventId`; then `progress` for a task that changed, `done` when it has ended. Changes
 * that come close together make one event. Tasks are read one in a turn of the loop, however many there are.
 */
export async function* followOwnTasks({
  active,
  endedAfter,
  read,
  watch,
  lastEventId,
  signal,
  minIntervalMs = MIN_INTERVAL_MS,
  maxIntervalMs = MAX_INTERVAL_MS,
}: OwnTasks): AsyncGenerator<ServerEvent> {
  const shown = new LRUCache<string, string>({ max: SHOWN_KEPT });
  const changed = new Set<string>();
  let wake = Promise.withResolvers<void>();
  const stop = () => wake.resolve();
  const leave = watch((taskId) => {
    changed.add(taskId);
    wake.resolve();
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    const begun = Date.now();
    const tasks: Task[] = [];
    for (const id of await active()) {
      const task = await read(id);
      if (task !== undefined && isActive(task)) {
        tasks.push(task);
        shown.set(id, JSON.stringify(task));
      }
      await nextTurn();
    }
    yield { event: 'tasks', id: String(begun), data: { tasks } };
    for (const id of await endedAfter(timeBefore(lastEventId) ?? new Date(begun).toISOString())) changed.add(id);

    while (!signal.aborted) {
      const at = String(Date.now());
      let items = 0;
      for (const id of [...changed]) {
        changed.delete(id);
        const task = await read(id);
        const state = JSON.stringify(task);
        if (task !== undefined && state !== shown.get(id)) {
          items += task.items.length;
          if (isActive(task)) shown.set(id, state);
          else shown.delete(id);
          yield { event: isActive(task) ? 'progress' : 'done', id: at, data: task };
        }
        await nextTurn();
        if (signal.aborted) return;
      }
      await pause(Math.max(minIntervalMs, Math.min(items * INTERVAL_PER_ITEM_MS, LONGEST_MIN_INTERVAL_MS)), signal);
      if (changed.size > 0) continue;
      wake = Promise.withResolvers();
      const timer = new AbortController();
      const woken = await Promise.race([wake.promise.then(() => true), pause(maxIntervalMs, timer.signal)]);
      timer.abort();
      if (woken !== true) for (const id of [...(await active()), ...shown.keys()]) changed.add(id);
    }
  } finally {
    leave();
    signal.removeEventListener('abort', stop);
  }
}

const isActive = ({ status }: Task): boolean => status === 'queued' || status === 'processing';

/** When the client has seen everything, less the overlap; undefined for an id that is none of these events'. */
function timeBefore(lastEventId = ''): string | undefined {
  return /^\d{13}$/.test(lastEventId) ? new Date(Number(lastEventId) - OVERLAP_MS).toISOString() : undefined;
}

/** Resolves after `ms`, or at once at abort. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  wait(ms, undefined, { signal, ref: false }).catch(() => {});
