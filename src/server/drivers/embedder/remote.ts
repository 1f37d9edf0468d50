import type { EmbeddingModelV4 } from '@ai-sdk/provider';
import { type Clock, pause, systemClock } from '../../admission/clock.ts';
import type { RemoteEmbedding } from '../../embedding-config.ts';
import type { Embedder } from '../../ports/embedder.ts';
import { cutWithin, estimateTokens } from '../../text/estimate-tokens.ts';
import { backoffMs } from '../language-model/backoff.ts';
import { createCircuitBreaker } from '../language-model/circuit-breaker.ts';
import { explainFailure, type ModelAddress } from '../language-model/explain-failure.ts';
import { ModelFault } from '../language-model/model-fault.ts';

export interface RemoteEmbedderOptions {
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
}

export interface RemoteEmbedder extends Embedder {
  /** Loads the client and embeds one word. @throws ModelFault when the provider is away, refuses, or makes other vectors. */
  warmUp(): Promise<void>;
}

/** One request holds them all: below Gemini's 100 texts, and OpenAI's 300,000 tokens with room to spare. */
const MAX_TEXTS_PER_CALL = 64;
/** Whoever asks waits no longer than this: search goes on by words (row A4 of the targets). */
const QUERY_MS = 4000;
const PASSAGES_MS = 60_000;
const TRIES = { query: 2, passage: 3 } as const;
/** Requests with passages at a time; questions do not wait for them. */
const MAX_PASSAGE_REQUESTS = 4;

const SERVICES = { gemini: 'Gemini', openai: 'OpenAI' } as const;

/**
 * Embeds by a provider's API, through the AI SDK's provider interface below its own loops. A fault that may pass is tried
 * again with backoff and full jitter; one that lasts opens a circuit breaker, so that searches fall to words at once.
 */
export function createRemoteEmbedder(
  config: RemoteEmbedding,
  { clock = systemClock, random = Math.random }: RemoteEmbedderOptions = {},
): RemoteEmbedder {
  const address: ModelAddress = {
    service:
      config.provider === 'openai-compatible' ? new URL(config.baseUrl).host : SERVICES[config.provider],
    model: config.model,
    keyName: config.provider === 'gemini' ? 'GEMINI_API_KEY' : 'OPENAI_API_KEY',
    settings: {
      model: 'EMBEDDING_MODEL',
      baseUrl: 'EMBEDDING_BASE_URL',
      instead: 'set EMBEDDING_PROVIDER=bundled',
    },
  };
  const breaker = createCircuitBreaker(clock);
  const closing = new AbortController();
  let opened: Promise<EmbeddingModelV4> | undefined;
  const open = () => {
    opened ??= openModel(config).catch(() => {
      throw new ModelFault(
        address.service,
        'model',
        `The client for ${address.service} cannot be loaded: run npm ci.`,
      );
    });
    return opened;
  };
  const passages = createPlaces(MAX_PASSAGE_REQUESTS);

  async function once(
    texts: readonly string[],
    purpose: 'query' | 'passage',
    signal: AbortSignal,
    spent: (tokens: number) => void,
  ): Promise<Float32Array[]> {
    const pass = breaker.admit();
    if (typeof pass === 'number')
      throw new ModelFault(
        address.service,
        'away',
        `${address.service} failed ${breaker.failuresInARow} times in a row: it is asked again in ${Math.ceil(pass / 1000)} s.`,
      );
    try {
      const values = texts.map((text) => sendable(text, config.maxTokens));
      const { embeddings, usage } = await (await open()).doEmbed({
        values,
        abortSignal: signal,
        ...(config.sendsDimensions ? { dimensions: config.dimensions } : {}),
        ...(config.provider === 'gemini'
          ? { providerOptions: { google: { taskType: TASKS[purpose] } } }
          : {}),
      });
      pass.succeeded();
      spent(usage?.tokens ?? values.reduce((sum, value) => sum + estimateTokens(value), 0));
      if (embeddings.length !== texts.length)
        throw new ModelFault(
          address.service,
          'away',
          `${address.service} sent ${embeddings.length} vectors for ${texts.length} texts.`,
        );
      return embeddings.map((embedding) => normalized(embedding, config, address));
    } catch (error) {
      if (closing.signal.aborted || (signal.aborted && !(signal.reason instanceof ModelFault)))
        throw signal.reason;
      const fault = signal.aborted ? (signal.reason as ModelFault) : explainFailure(error, address);
      if (fault.retryable) pass.failed(fault.retryAfterMs);
      else pass.succeeded();
      throw fault;
    } finally {
      pass.dropped();
    }
  }

  async function untilDone(
    texts: readonly string[],
    purpose: 'query' | 'passage',
    signal: AbortSignal,
    spent: (tokens: number) => void,
  ): Promise<Float32Array[]> {
    const mostMs = purpose === 'query' ? QUERY_MS : PASSAGES_MS;
    const late = new AbortController();
    const callOff = clock.after(mostMs, () =>
      late.abort(
        new ModelFault(address.service, 'away', `${address.service} has not answered within ${mostMs} ms.`),
      ),
    );
    const stop = AbortSignal.any([signal, closing.signal, late.signal]);
    const leave = purpose === 'passage' ? await passages.enter(stop) : () => {};
    try {
      for (let tries = 1; ; tries++) {
        try {
          return await once(texts, purpose, stop, spent);
        } catch (error) {
          if (!(error instanceof ModelFault) || !error.retryable || stop.aborted) throw error;
          if (tries === TRIES[purpose] || breaker.state === 'open') throw error;
          await pause(clock, backoffMs(tries, random, error.retryAfterMs), stop);
        }
      }
    } finally {
      leave();
      callOff();
    }
  }

  return {
    fingerprint: config.fingerprint,
    dimensions: config.dimensions,
    maxTokens: config.maxTokens,
    maxTextsPerCall: MAX_TEXTS_PER_CALL,
    async embed(texts, purpose, signal = new AbortController().signal, spent = () => {}) {
      signal.throwIfAborted();
      if (texts.length === 0) return [];
      return untilDone(texts, purpose, signal, spent);
    },
    async warmUp() {
      await untilDone(['ready'], 'query', closing.signal, () => {});
    },
    async close() {
      closing.abort(new ModelFault(address.service, 'away', 'The embedding model is being closed.'));
    },
  };
}

const TASKS = { query: 'RETRIEVAL_QUERY', passage: 'RETRIEVAL_DOCUMENT' } as const;

async function openModel(config: RemoteEmbedding): Promise<EmbeddingModelV4> {
  const { model } = config;
  switch (config.provider) {
    case 'gemini': {
      const baseURL = config.baseUrl ?? 'https://generativelanguage.googleapis.com/v1beta';
      return (await import('@ai-sdk/google'))
        .createGoogle({ apiKey: config.apiKey, baseURL })
        .embeddingModel(model);
    }
    case 'openai': {
      const baseURL = config.baseUrl ?? 'https://api.openai.com/v1';
      return (await import('@ai-sdk/openai'))
        .createOpenAI({ apiKey: config.apiKey, baseURL })
        .embeddingModel(model);
    }
    case 'openai-compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      const headers: Record<string, string> =
        config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` };
      return createOpenAICompatible({ name: 'compatible', baseURL: config.baseUrl, headers }).embeddingModel(
        model,
      );
    }
    default:
      return config satisfies never;
  }
}

/** Providers refuse a text that holds nothing, or is longer than the model reads. */
function sendable(text: string, maxTokens: number): string {
  const whole = text.toWellFormed().replaceAll('\0', ' ');
  const cut = whole.slice(0, cutWithin(whole, 0, whole.length, maxTokens));
  return cut.trim() === '' ? '-' : cut;
}

/** @throws ModelFault when these are no vectors of the length that the settings tell. */
function normalized(
  embedding: readonly number[],
  { dimensions }: RemoteEmbedding,
  { service, model }: ModelAddress,
): Float32Array {
  if (embedding.length !== dimensions)
    throw new ModelFault(
      service,
      'model',
      `${model} of ${service} makes vectors of ${embedding.length} numbers, and not of ${dimensions}: set EMBEDDING_DIMENSIONS=${embedding.length}.`,
    );
  const length = Math.hypot(...embedding);
  if (!(length > 0 && Number.isFinite(length)))
    throw new ModelFault(service, 'away', `${service} sent a vector without a direction.`);
  return Float32Array.from(embedding, (value) => value / length);
}

/** First come, first served. */
function createPlaces(most: number) {
  let taken = 0;
  const waiting: (() => void)[] = [];
  const leave = () => {
    taken--;
    waiting.shift()?.();
  };
  return {
    async enter(signal: AbortSignal): Promise<() => void> {
      while (taken >= most) {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const stop = () => reject(signal.reason);
        waiting.push(resolve);
        signal.addEventListener('abort', stop, { once: true });
        try {
          await promise;
        } catch (error) {
          const at = waiting.indexOf(resolve);
          // its turn came together with its end: the next one has it
          if (at >= 0) waiting.splice(at, 1);
          else waiting.shift()?.();
          throw error;
        } finally {
          signal.removeEventListener('abort', stop);
        }
      }
      signal.throwIfAborted();
      taken++;
      let left = false;
      return () => {
        if (!left) leave();
        left = true;
      };
    },
  };
}
