import { setImmediate as nextTurn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Task } from '../../../contract/tasks.ts';
import type { ServerEvent } from '../sse.ts';
import { pause } from './follow-task.ts';

/** A message may be lost, and some changes are made without one: the tasks are read again after this time in any case. */
const MAX_INTERVAL_MS = 10_000;
/** Changes that come closer together make one event. */
const MIN_INTERVAL_MS = 200;
/** A task of many files is a large event, some 150 kB for 1,000: it is told about less often. */
const MS_PER_ITEM = 2;
const MAX_PAUSE_MS = 2000;
/** An end without a message is noticed so late: who comes back is told of a little more than was missed. */
const OVERLAP_MS = MAX_INTERVAL_MS + 5000;
/** Last states, by which a change is known; tasks beyond them are told once more than needed. */
const SHOWN_KEPT = 500;

export interface FollowedTasks {
  /** Ids of the tasks in work, the newest first. */
  readonly active: () => Promise<readonly string[]>;
  /** Ids of the tasks that have ended since. */
  readonly endedSince: (at: Date) => Promise<readonly string[]>;
  /** As it is now; undefined when it is gone. */
  readonly read: (taskId: string) => Promise<Task | undefined>;
  readonly subscribe: (onChange: (taskId: string) => void) => () => void;
  /** Of the last event that the client has seen. */
  readonly lastEventId?: string | undefined;
  readonly signal: AbortSignal;
  readonly minIntervalMs?: number;
  readonly maxIntervalMs?: number;
}

/**
 * All tasks of a user: `tasks` with the active ones first, then `progress` of each that changes and `done` of each
 * that ends. An event's id begins with the time up to which its reader knows everything; who comes back with it is
 * told of what ended since. One task is read in a turn of the event loop, so that many keep nobody waiting.
 */
export async function* followTasks({
  active,
  endedSince,
  read,
  subscribe,
  lastEventId = '',
  signal,
  minIntervalMs = MIN_INTERVAL_MS,
  maxIntervalMs = MAX_INTERVAL_MS,
}: FollowedTasks): AsyncGenerator<ServerEvent> {
  const changed = new Set<string>();
  const shown = new LRUCache<string, string>({ max: SHOWN_KEPT });
  let change = Promise.withResolvers<void>();
  const wake = () => change.resolve();
  const unsubscribe = subscribe((taskId) => {
    changed.add(taskId);
    wake();
  });
  signal.addEventListener('abort', wake, { once: true });
  let events = 0;
  let knownUpTo = Date.now();
  const event = (name: string, data: unknown): ServerEvent => ({
    event: name,
    id: `${knownUpTo}-${++events}`,
    data,
  });
  try {
    const tasks: Task[] = [];
    for (const id of await active()) {
      const task = await read(id);
      if (task?.finishedAt === null) {
        shown.set(id, JSON.stringify(task));
        tasks.push(task);
      }
      await nextTurn();
    }
    yield event('tasks', { tasks });
    const seen = Number.parseInt(lastEventId, 10);
    // an id that is no time of ours tells of nothing
    if (seen > OVERLAP_MS && seen <= knownUpTo)
      for (const id of await endedSince(new Date(seen - OVERLAP_MS))) changed.add(id);
    while (!signal.aborted) {
      let items = 0;
      // what ends from here on, and is not read in this round, is told to who comes back
      const begun = Date.now();
      for (const id of [...changed]) {
        changed.delete(id);
        const task = await read(id);
        const state = JSON.stringify(task);
        if (task !== undefined && state !== shown.get(id)) {
          items += task.items.length;
          if (task.finishedAt === null) shown.set(id, state);
          else shown.delete(id);
          yield event(task.finishedAt === null ? 'progress' : 'done', task);
        }
        if (signal.aborted) return;
        await nextTurn();
      }
      knownUpTo = begun;
      await pause(Math.min(MAX_PAUSE_MS, minIntervalMs + MS_PER_ITEM * items), signal);
      if (changed.size > 0 || signal.aborted) continue;
      change = Promise.withResolvers();
      const timer = new AbortController();
      await Promise.race([change.promise, pause(maxIntervalMs, timer.signal)]);
      timer.abort();
      if (changed.size === 0 && !signal.aborted)
        for (const id of [...shown.keys(), ...(await active())]) changed.add(id);
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', wake);
  }
}
