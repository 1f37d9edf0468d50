import { type MessagePort, parentPort, type Transferable, Worker } from 'node:worker_threads';
import { AppError, fromWire, toWire, type WireError } from '../errors.ts';

/**
 * Calls between threads: `serve` in the thread, `startThread` beside it. A call is one message each way;
 * an aborted caller stops waiting and the thread's handler sees its signal abort.
 */

// biome-ignore lint/suspicious/noExplicitAny: handlers of any shape are served; callers name the shape once
type Handlers = Record<string, (argument: any, signal: AbortSignal) => unknown>;

interface CallMessage {
  readonly call: number;
  readonly method: string;
  readonly argument: unknown;
}
type ToThread = CallMessage | { readonly abort: number } | { readonly leave: true };
type FromThread =
  | { readonly reply: number; readonly value: unknown }
  | { readonly reply: number; readonly error: WireError }
  | { readonly ready: true }
  | { readonly note: unknown };

/** Marks buffers that move instead of being copied. */
export class Moved<T> {
  readonly value: T;
  readonly transfer: readonly Transferable[];
  constructor(value: T, transfer: readonly Transferable[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

/**
 * Serves `handlers` on the thread's parent port. The thread ends when asked to leave and the handlers that
 * run have returned: ending a thread inside native code can take the whole process down.
 */
export function serve<H extends Handlers>(
  handlers: H,
  onLeave: () => void | Promise<void> = () => {},
): { note(value: unknown): void } {
  const port = parentPort as MessagePort;
  if (port === null) throw new Error('serve() belongs in a worker thread');
  const running = new Map<number, AbortController>();
  let leaving = false;
  const leaveWhenIdle = async () => {
    if (!leaving || running.size > 0) return;
    await onLeave();
    port.close();
  };
  const work = async ({ call, method, argument }: CallMessage) => {
    const controller = new AbortController();
    running.set(call, controller);
    try {
      const handler = handlers[method];
      if (handler === undefined) throw new Error(`this thread does not know ${method}`);
      const result = await handler(argument, controller.signal);
      if (result instanceof Moved)
        port.postMessage({ reply: call, value: result.value } satisfies FromThread, [...result.transfer]);
      else port.postMessage({ reply: call, value: result } satisfies FromThread);
    } catch (error) {
      port.postMessage({ reply: call, error: toWire(error) } satisfies FromThread);
    } finally {
      running.delete(call);
      await leaveWhenIdle();
    }
  };
  port.on('message', (message: ToThread) => {
    if ('call' in message) void work(message);
    else if ('abort' in message) running.get(message.abort)?.abort();
    else {
      leaving = true;
      void leaveWhenIdle();
    }
  });
  port.postMessage({ ready: true } satisfies FromThread);
  return { note: (value) => port.postMessage({ note: value } satisfies FromThread) };
}

export interface Thread<H extends Handlers> {
  call<M extends keyof H & string>(
    method: M,
    argument: Parameters<H[M]>[0],
    options?: { signal?: AbortSignal | undefined; transfer?: readonly Transferable[] },
  ): Promise<Unmoved<Awaited<ReturnType<H[M]>>>>;
  /** Resolves once the thread has loaded its modules and serves. */
  readonly ready: Promise<void>;
  /** It has ended, or never came up: calls are refused. */
  isDead(): boolean;
  onNote(listener: (value: unknown) => void): void;
  /** Asks the thread to leave between calls and waits for its end. */
  close(): Promise<void>;
}
type Unmoved<T> = T extends Moved<infer V> ? V : T;

export interface ThreadOptions {
  readonly name: string;
  readonly data?: unknown;
  readonly maxOldGenerationMb?: number;
  /** Calls under way at a time; one more is refused. */
  readonly maxCalls?: number;
  /** Called when the thread dies although nobody asked it to leave. */
  readonly onDeath?: (error: Error) => void;
}

/** `siblingModule('./x-thread', import.meta.url)`: the module beside the caller, as source or as built. */
export const siblingModule = (stem: string, from: string): URL =>
  new URL(`${stem}${from.endsWith('.ts') ? '.ts' : '.js'}`, from);

/**
 * What stands before a thread bounds its work in better ways; this keeps a fault there from filling memory. A call is
 * a few kilobytes.
 */
const MAX_CALLS = 1000;

/** Starts the module at `url`, which must call `serve`. */
export function startThread<H extends Handlers>(url: URL, options: ThreadOptions): Thread<H> {
  const worker = new Worker(url, {
    name: options.name,
    workerData: options.data,
    resourceLimits: { maxOldGenerationSizeMb: options.maxOldGenerationMb ?? 64, maxYoungGenerationSizeMb: 2 },
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const listeners = new Set<(value: unknown) => void>();
  let next = 1;
  let death: Error | undefined;
  let leaving = false;
  const readiness = Promise.withResolvers<void>();
  readiness.promise.catch(() => {});
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const die = (error: Error) => {
    if (death !== undefined) return;
    death = error;
    readiness.reject(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    if (!leaving) options.onDeath?.(error);
  };
  worker.on('error', (error) => die(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', () => die(new Error(`thread ${options.name} has ended`)));
  worker.on('message', (message: FromThread) => {
    if ('ready' in message) return readiness.resolve();
    if ('note' in message) {
      for (const listener of listeners) listener(message.note);
      return;
    }
    const entry = waiting.get(message.reply);
    if (entry === undefined) return;
    waiting.delete(message.reply);
    if ('error' in message) entry.reject(fromWire(message.error));
    else entry.resolve(message.value);
  });
  return {
    ready: readiness.promise,
    isDead: () => death !== undefined,
    call(method, argument, { signal, transfer } = {}) {
      if (death !== undefined) return Promise.reject(death);
      if (signal?.aborted) return Promise.reject(new DOMException('aborted', 'AbortError'));
      if (waiting.size >= (options.maxCalls ?? MAX_CALLS))
        return Promise.reject(
          new AppError('OVERLOADED', 'Too much is asked at once: try again in a moment.'),
        );
      const call = next++;
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          waiting.delete(call);
          worker.postMessage({ abort: call } satisfies ToThread);
          reject(new DOMException('aborted', 'AbortError'));
        };
        const settled = () => signal?.removeEventListener('abort', onAbort);
        waiting.set(call, {
          resolve: (value) => {
            settled();
            resolve(value as never);
          },
          reject: (error) => {
            settled();
            reject(error);
          },
        });
        signal?.addEventListener('abort', onAbort, { once: true });
        worker.postMessage({ call, method, argument } satisfies ToThread, transfer ? [...transfer] : []);
      });
    },
    onNote: (listener) => void listeners.add(listener),
    async close() {
      leaving = true;
      if (death === undefined) worker.postMessage({ leave: true } satisfies ToThread);
      await ended;
    },
  };
}
