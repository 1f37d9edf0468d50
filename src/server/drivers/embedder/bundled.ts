import { AppError, UpstreamError } from '../../errors.ts';
import type { Embedder } from '../../ports/embedder.ts';
import { siblingModule, startThread } from '../../threads/rpc.ts';
import type { EmbedHandlers, EmbedThreadData } from './embed-handlers.ts';
import { createIdleThread, ThreadDied } from './idle-thread.ts';
import { BUNDLED_DIMENSIONS, BUNDLED_FINGERPRINT, BUNDLED_MAX_TOKENS } from './model-folder.ts';

export interface BundledEmbedderOptions {
  /** What `scripts/build-model.ts` made. Looked into by the first call, not before. */
  readonly modelDir: string;
  /** How long the passages' thread, some 50 MB, outlives its last work. */
  readonly passageIdleMs?: number;
}

export interface BundledEmbedder extends Embedder {
  /** Opens the model for questions ahead of the first one. @throws UpstreamError when it cannot be used. */
  warmUp(): Promise<void>;
}

/** So that the list is done within a few seconds, and little is lost when it is aborted. */
const MAX_TEXTS_PER_CALL = 64;
const PASSAGE_IDLE_MS = 20_000;
const LOWEST_PRIORITY = 19;
/** Vocabulary and messages take 20 MB; weights lie outside the heap. */
const HEAP_MB = 48;

/**
 * all-MiniLM-L6-v2 in threads of this process: one for questions, and one for passages at the lowest priority,
 * so that no question waits for a passage. Each is started by the first call that needs it; an embedder that
 * is only asked for one purpose has one thread.
 */
export function createBundledEmbedder(options: BundledEmbedderOptions): BundledEmbedder {
  // Since 1.29 the runtime tells its maker which models it opens, unless this stands in the process's environment before
  // it is loaded. A thread's own environment is a copy: each process makes its first embedder in its main thread.
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  const threadFor = (name: string, niceness: number, idleMs: number) =>
    createIdleThread<EmbedHandlers>(
      (onDeath) =>
        startThread<EmbedHandlers>(siblingModule('../../threads/embed-thread', import.meta.url), {
          name,
          data: { modelDir: options.modelDir, niceness } satisfies EmbedThreadData,
          maxOldGenerationMb: HEAP_MB,
          onDeath,
        }),
      idleMs,
    );
  const threads = {
    query: threadFor('embed-queries', 0, Number.POSITIVE_INFINITY),
    passage: threadFor('embed-passages', LOWEST_PRIORITY, options.passageIdleMs ?? PASSAGE_IDLE_MS),
  };
  const closing = new AbortController();

  return {
    fingerprint: BUNDLED_FINGERPRINT,
    dimensions: BUNDLED_DIMENSIONS,
    maxTokens: BUNDLED_MAX_TOKENS,
    maxTextsPerCall: MAX_TEXTS_PER_CALL,
    async embed(texts, purpose, signal) {
      signal?.throwIfAborted();
      if (texts.length === 0) return [];
      const stop = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
      try {
        return await threads[purpose].use((thread) => thread.call('embed', [...texts], { signal: stop }));
      } catch (error) {
        signal?.throwIfAborted();
        throw closing.signal.aborted ? failure('is closing', true, error) : asFailure(error);
      }
    },
    async warmUp() {
      try {
        await threads.query.use((thread) => thread.call('warmUp', undefined, { signal: closing.signal }));
      } catch (error) {
        throw closing.signal.aborted ? failure('is closing', true, error) : asFailure(error);
      }
    },
    async close() {
      closing.abort();
      await Promise.all([threads.query.close(), threads.passage.close()]);
    },
  };
}

const failure = (fault: string, retryable: boolean, cause: unknown) =>
  new UpstreamError('bundled embedding model', `the bundled embedding model ${fault}`, { retryable, cause });

function asFailure(error: unknown): Error {
  if (error instanceof UpstreamError || error instanceof AppError) return error;
  if (error instanceof ThreadDied) return failure('lost its thread', true, error);
  return failure(`failed: ${error instanceof Error ? error.message : String(error)}`, false, error);
}
