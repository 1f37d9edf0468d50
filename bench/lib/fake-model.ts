import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** How a made-up provider speaks. */
export interface Pace {
  /** Before its first part, and between parts. */
  readonly firstMs: number;
  readonly betweenMs: number;
  /** Parts that an answer comes in, after the first. */
  readonly parts: number;
}

/** What its process tells; times are of the machine's steady clock, the same in every process. */
export type FromFakeModel =
  | { readonly kind: 'ready'; readonly baseUrl: string; readonly apiKey: string }
  /** A request came. */
  | { readonly kind: 'asked'; readonly atMs: number }
  /** A request was left by its client. */
  | { readonly kind: 'left'; readonly atMs: number };

export interface FakeModel {
  /** Settings with which a server asks it. */
  readonly env: Record<string, string>;
  /** From the next request on. */
  speak(pace: Pace): void;
  /** When the next one is asked, or left. */
  next(kind: 'asked' | 'left'): Promise<number>;
  stop(): Promise<void>;
}

export const steadyMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A provider of language models in a process of its own, so that its work is not measured as ours. */
export async function startFakeModel(): Promise<FakeModel> {
  const child = fork(join(import.meta.dirname, 'fake-model-process.ts'));
  const ended = once(child, 'exit');
  const waiting = { asked: [] as ((atMs: number) => void)[], left: [] as ((atMs: number) => void)[] };
  const ready = Promise.withResolvers<FromFakeModel & { kind: 'ready' }>();
  child.on('message', (message: FromFakeModel) => {
    if (message.kind === 'ready') ready.resolve(message);
    else for (const resolve of waiting[message.kind].splice(0)) resolve(message.atMs);
  });
  void ended.then(() => ready.reject(new Error('the made-up provider did not start')));
  const { baseUrl, apiKey } = await ready.promise;
  return {
    env: { LLM_PROVIDER: 'gemini', GEMINI_API_KEY: apiKey, LLM_BASE_URL: baseUrl },
    speak: (pace) => void child.send(pace),
    next: (kind) => new Promise((resolve) => waiting[kind].push(resolve)),
    async stop() {
      child.disconnect();
      await ended;
    },
  };
}
