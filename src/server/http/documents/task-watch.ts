import type { Kysely } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Events } from '../../ports/events.ts';
import type { Database } from '../../ports/schema.ts';
import { ownerOfTask } from '../../records/tasks.ts';

/** Tells people which of their own tasks change. */
export interface TaskWatch {
  /** @returns leaves. */
  subscribe(userId: string, onChange: (taskId: string) => void): () => void;
}

/** Owners kept, some 200 bytes each: the tasks in work are far fewer. */
const OWNERS_KEPT = 10_000;

/**
 * One listener for all who watch. A task's owner is looked up once, so that the changes of others cost a look into a
 * map; while nobody watches, nothing is heard at all. A look-up that fails is a lost message: the next one is heard.
 */
export function createTaskWatch({ db, events }: { db: Kysely<Database>; events: Events }): TaskWatch {
  const watchers = new Map<string, Set<(taskId: string) => void>>();
  const owners = new LRUCache<string, string>({ max: OWNERS_KEPT });
  const asked = new Set<string>();
  let leave: (() => void) | undefined;

  const tell = (owner: string, taskId: string) => {
    for (const onChange of watchers.get(owner) ?? []) onChange(taskId);
  };
  const lookUp = async (taskId: string) => {
    const owner = await ownerOfTask(db, taskId);
    if (owner === undefined) return;
    owners.set(taskId, owner);
    tell(owner, taskId);
  };
  const heard = (taskId: string) => {
    const owner = owners.get(taskId);
    if (owner !== undefined) return tell(owner, taskId);
    if (asked.has(taskId)) return;
    asked.add(taskId);
    lookUp(taskId)
      .catch(() => {})
      .finally(() => asked.delete(taskId));
  };

  return {
    subscribe(userId, onChange) {
      const own = watchers.get(userId) ?? new Set();
      watchers.set(userId, own.add(onChange));
      leave ??= events.subscribe('task', heard);
      return () => {
        own.delete(onChange);
        if (own.size === 0) watchers.delete(userId);
        if (watchers.size > 0) return;
        leave?.();
        leave = undefined;
      };
    },
  };
}
