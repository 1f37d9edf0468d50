import { LRUCache } from 'lru-cache';
import type { Events } from '../../ports/events.ts';

/** Tells people which of their own tasks change. */
export interface TaskWatch {
  /** @returns leaves. */
  watch(userId: string, onChange: (taskId: string) => void): () => void;
}

/** Owners kept, some 200 bytes each: the tasks in work are far fewer. */
const OWNERS_KEPT = 10_000;

/**
 * One listener for all who watch. A task's owner is looked up once, so that the changes of others cost a look
 * into a map; while nobody watches nothing is heard at all.
 */
export function createTaskWatch({
  events,
  ownerOf,
  onFailure,
}: {
  events: Events;
  /** Undefined: there is no such task. */
  ownerOf: (taskId: string) => Promise<string | undefined>;
  onFailure: (error: unknown) => void;
}): TaskWatch {
  const watchers = new Map<string, Set<(taskId: string) => void>>();
  const owners = new LRUCache<string, string>({ max: OWNERS_KEPT });
  const asked = new Set<string>();
  let leave: (() => void) | undefined;

  const tell = (owner: string, taskId: string) => {
    for (const onChange of watchers.get(owner) ?? []) onChange(taskId);
  };
  const heard = (taskId: string) => {
    const owner = owners.get(taskId);
    if (owner !== undefined) return tell(owner, taskId);
    if (asked.has(taskId)) return;
    asked.add(taskId);
    ownerOf(taskId)
      .then((found) => {
        if (found === undefined) return;
        owners.set(taskId, found);
        tell(found, taskId);
      })
      .catch(onFailure)
      .finally(() => asked.delete(taskId));
  };

  return {
    watch(userId, onChange) {
      const own = watchers.get(userId) ?? new Set();
      watchers.set(userId, own.add(onChange));
      leave ??= events.subscribe('task', heard);
      return () => {
        own.delete(onChange);
        if (own.size === 0 && watchers.get(userId) === own) watchers.delete(userId);
        if (watchers.size > 0) return;
        leave?.();
        leave = undefined;
      };
    },
  };
}
