import { setTimeout as wait } from 'node:timers/promises';
import type { Task } from '../../../contract/tasks.ts';
import type { ServerEvent } from '../sse.ts';

/** A document in work publishes many steps a second; people follow some of them. */
const MIN_INTERVAL_MS = 100;
/** A message may be lost: the task is read again after this time in any case. */
const MAX_INTERVAL_MS = 10_000;

/** Ends the id of the last event: who comes back with it has seen everything. */
export const DONE = '-done';

export interface FollowedTask {
  /** The task as it is now; undefined when it is gone. */
  readonly read: () => Promise<Task | undefined>;
  readonly subscribe: (onChange: () => void) => () => void;
  /** Of the last event that the client has seen. */
  readonly lastEventId?: string | undefined;
  readonly signal: AbortSignal;
  readonly minIntervalMs?: number;
  readonly maxIntervalMs?: number;
}

/**
 * The task's states as `progress` events, the present one first, and `done` with the last one. Changes that
 * come close together make one event. Ends at abort, at the task's end and when the task is removed.
 */
export async function* followTask({
  read,
  subscribe,
  lastEventId = '',
  signal,
  minIntervalMs = MIN_INTERVAL_MS,
  maxIntervalMs = MAX_INTERVAL_MS,
}: FollowedTask): AsyncGenerator<ServerEvent> {
  let id = Number.parseInt(lastEventId, 10) || 0;
  let shown = '';
  let change = Promise.withResolvers<void>();
  const wake = () => change.resolve();
  const unsubscribe = subscribe(wake);
  signal.addEventListener('abort', wake, { once: true });
  try {
    while (!signal.aborted) {
      // made before reading: a change while the task is read counts for the next turn
      change = Promise.withResolvers();
      const task = await read();
      if (task === undefined) return;
      const state = JSON.stringify(task);
      if (state !== shown) yield { event: 'progress', id: String(++id), data: task };
      shown = state;
      if (task.status !== 'queued' && task.status !== 'processing') {
        yield { event: 'done', id: `${++id}${DONE}`, data: task };
        return;
      }
      const timer = new AbortController();
      await Promise.race([change.promise, pause(maxIntervalMs, timer.signal)]);
      timer.abort();
      await pause(minIntervalMs, signal);
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', wake);
  }
}

/** Resolves after `ms`, or at once at abort. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  wait(ms, undefined, { signal, ref: false }).catch(() => {});
