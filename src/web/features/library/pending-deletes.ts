import type { ItemError } from '../../../contract/common.ts';
import { createStore, type Store } from '../../client/store.ts';

export interface Deleted {
  readonly done: readonly string[];
  readonly failed: readonly { readonly documentId: string; readonly error: ItemError }[];
}

interface Ways {
  readonly delayMs: number;
  /** @param keepalive The page is going away. */
  send(ids: readonly string[], keepalive: boolean): Promise<Deleted>;
  /** Called before the documents count as shown again: what still lists them has to forget them. */
  onDone(ids: readonly string[]): void;
  onFailed(ids: readonly string[], reason: unknown): void;
}

interface Pending {
  readonly ids: readonly string[];
  readonly timer: ReturnType<typeof setTimeout>;
}

export interface PendingDeletes {
  /** What listings leave out. */
  readonly hidden: Pick<Store<ReadonlySet<string>>, 'get' | 'subscribe'>;
  /** @returns takes it back; true when it was still time. */
  remove(ids: readonly string[]): () => boolean;
  /** Takes the latest back. @returns its documents, or undefined when there is none. */
  undoLatest(): readonly string[] | undefined;
  /** Sends all that waits at once. */
  flush(keepalive: boolean): void;
}

/** Deletes that can be taken back for a moment: the documents vanish at once, the request goes after `delayMs`. */
export function createPendingDeletes({ delayMs, send, onDone, onFailed }: Ways): PendingDeletes {
  const hidden = createStore<ReadonlySet<string>>(new Set());
  const waiting: Pending[] = [];
  const show = (ids: readonly string[]) => {
    const left = new Set(hidden.get());
    for (const id of ids) left.delete(id);
    hidden.set(left);
  };

  function take(pending: Pending): boolean {
    const at = waiting.indexOf(pending);
    if (at < 0) return false;
    clearTimeout(pending.timer);
    waiting.splice(at, 1);
    return true;
  }

  async function commit(pending: Pending, keepalive: boolean): Promise<void> {
    if (!take(pending)) return;
    try {
      const { done, failed } = await send(pending.ids, keepalive);
      onDone(done);
      show(pending.ids);
      const first = failed[0];
      if (first !== undefined)
        onFailed(
          failed.map(({ documentId }) => documentId),
          first.error,
        );
    } catch (error) {
      show(pending.ids);
      onFailed(pending.ids, error);
    }
  }

  function undo(pending: Pending): boolean {
    if (!take(pending)) return false;
    show(pending.ids);
    return true;
  }

  return {
    hidden,
    remove(ids) {
      const pending: Pending = { ids, timer: setTimeout(() => void commit(pending, false), delayMs) };
      waiting.push(pending);
      hidden.set(new Set([...hidden.get(), ...ids]));
      return () => undo(pending);
    },
    undoLatest() {
      const latest = waiting.at(-1);
      return latest !== undefined && undo(latest) ? latest.ids : undefined;
    },
    flush(keepalive) {
      for (const pending of [...waiting]) void commit(pending, keepalive);
    },
  };
}
