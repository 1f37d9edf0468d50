import type { Thread } from '../../threads/rpc.ts';

// biome-ignore lint/suspicious/noExplicitAny: as in rpc.ts, handlers of any shape
type Handlers = Record<string, (argument: any, signal: AbortSignal) => unknown>;

export interface IdleThread<H extends Handlers> {
  /** Runs `work` with the thread, which is started when there is none. @throws ThreadDied, or what `work` throws. */
  use<T>(work: (thread: Thread<H>) => Promise<T>): Promise<T>;
  /** Waits for the work under way; nothing may be asked of it afterwards. */
  close(): Promise<void>;
}

/** The thread ended in the middle of the work: the next call gets a new one. */
export class ThreadDied extends Error {
  override readonly name = 'ThreadDied';
}

/**
 * A thread that is there while it is needed: started by the first call, replaced when it dies, closed after
 * `idleMs` without work so that its memory goes back.
 *
 * @param start  begins a new thread and calls `onDeath` when that thread ends unasked.
 * @param idleMs  Infinity keeps it.
 */
export function createIdleThread<H extends Handlers>(
  start: (onDeath: () => void) => Thread<H>,
  idleMs: number,
): IdleThread<H> {
  let current: { readonly thread: Thread<H>; users: number; dead: boolean } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const leaving = new Set<Promise<void>>();

  const retire = () => {
    if (current === undefined) return;
    const ended = current.thread.close();
    current = undefined;
    leaving.add(ended);
    void ended.finally(() => leaving.delete(ended));
  };
  const running = () => {
    if (current !== undefined) return current;
    const entry = {
      thread: start(() => {
        entry.dead = true;
        if (current === entry) current = undefined;
      }),
      users: 0,
      dead: false,
    };
    current = entry;
    return entry;
  };

  return {
    async use(work) {
      if (closed) throw new Error('the thread is closed');
      clearTimeout(timer);
      const entry = running();
      entry.users += 1;
      try {
        return await work(entry.thread);
      } catch (error) {
        if (entry.dead) throw new ThreadDied('the thread ended while it worked', { cause: error });
        throw error;
      } finally {
        entry.users -= 1;
        if (entry.users === 0 && entry === current && Number.isFinite(idleMs) && !closed)
          timer = setTimeout(retire, idleMs).unref();
      }
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      retire();
      await Promise.all(leaving);
    },
  };
}
