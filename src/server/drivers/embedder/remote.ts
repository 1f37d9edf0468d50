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
  /** Hears of every try that failed. */
  readonly onFault?: ((fault: ModelFault) => void) | undefined;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
}

export interface RemoteEmbedder extends Embedder {
  /** Loads the client and embeds one word. @throws ModelFault when the provider is away, refuses, or makes other vectors. */
  warmUp(): Promise<void>;
  /** As `warmUp`, unless some request was answered within the last minute: whoever watches costs nothing. */
  check(signal: AbortSignal): Promise<void>;
}

/** Below Gemini's 100 texts for a request. */
const MAX_TEXTS_PER_CALL = 64;
/** Of one request: half of what OpenAI takes, since tokens are estimated. Passages of documents never come near it. */
const MAX_REQUEST_TOKENS = 150_000;
/** A text that is still refused at this length is not refused for it. */
const SHORTEST_CUT = 64;
/** Whoever asks waits no longer than this: search goes on by words (row A4 of the targets). */
const QUERY_MS = 4000;
const PASSAGES_MS = 60_000;
const TRIES = { query: 2, passage: 3 } as const;
/** Requests with passages at a time; questions do not wait for them. */
const MAX_PASSAGE_REQUESTS = 4;

const KNOWN_WELL_MS = 60_000;

const SERVICES = { gemini: 'Gemini', openai: 'OpenAI' } as const;

/**
 * Embeds by a provider's API, through the AI SDK's provider interface below its own loops. A fault that may pass is tried
 * again with backoff and full jitter; one that lasts opens a circuit breaker, so that searches fall to words at once.
 */
export function createRemoteEmbedder(
  config: RemoteEmbedding,
  { clock = systemClock, random = Math.random, onFault = () => {} }: RemoteEmbedderOptions = {},
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
  /** When a request was answered last, unless one failed since. */
  let wellMs = Number.NEGATIVE_INFINITY;

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
      const { embeddings, usage } = await (await open()).doEmbed({
        values: [...texts],
        abortSignal: signal,
        ...(config.sendsDimensions ? { dimensions: config.dimensions } : {}),
        ...(config.provider === 'gemini'
          ? { providerOptions: { google: { taskType: TASKS[purpose] } } }
          : {}),
      });
      pass.succeeded();
      spent(usage?.tokens ?? texts.reduce((sum, text) => sum + estimateTokens(text), 0));
      if (embeddings.length !== texts.length)
        throw new ModelFault(
          address.service,
          'away',
          `${address.service} sent ${embeddings.length} vectors for ${texts.length} texts.`,
        );
      const vectors = embeddings.map((embedding) => normalized(embedding, config, address));
      wellMs = clock.now();
      return vectors;
    } catch (error) {
      if (closing.signal.aborted || (signal.aborted && !(signal.reason instanceof ModelFault)))
        throw signal.reason;
      const fault = signal.aborted ? (signal.reason as ModelFault) : explainFailure(error, address);
      if (fault.retryable) pass.failed(fault.retryAfterMs);
      else pass.succeeded();
      wellMs = Number.NEGATIVE_INFINITY;
      onFault(fault);
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
    let leave = () => {};
    try {
      if (purpose === 'passage') leave = await passages.enter(stop);
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

  /**
   * A request that is refused is made again in halves, and a text that is refused alone is cut: tokens are estimated, and
   * one text that the model finds too long would keep a document from its vectors for ever.
   */
  async function asTaken(
    ...[texts, purpose, signal, spent]: Parameters<typeof untilDone>
  ): Promise<Float32Array[]> {
    try {
      return await untilDone(texts, purpose, signal, spent);
    } catch (error) {
      if (!(error instanceof ModelFault) || error.kind !== 'request') throw error;
      const [first = '', ...others] = texts;
      if (others.length === 0) {
        if (first.length <= SHORTEST_CUT) throw error;
        return asTaken([first.slice(0, first.length / 2).toWellFormed()], purpose, signal, spent);
      }
      const half = Math.ceil(texts.length / 2);
      const before = await asTaken(texts.slice(0, half), purpose, signal, spent);
      return [...before, ...(await asTaken(texts.slice(half), purpose, signal, spent))];
    }
  }

  return {
    fingerprint: config.fingerprint,
    dimensions: config.dimensions,
    maxTokens: config.maxTokens,
    maxTextsPerCall: MAX_TEXTS_PER_CALL,
    textsPerRequest: MAX_TEXTS_PER_CALL,
    async embed(texts, purpose, signal = new AbortController().signal, spent = () => {}) {
      signal.throwIfAborted();
      const vectors: Float32Array[] = [];
      for (const request of inRequests(texts.map((text) => sendable(text, config.maxTokens))))
        vectors.push(...(await asTaken(request, purpose, signal, spent)));
      return vectors;
    },
    async warmUp() {
      await untilDone(['ready'], 'query', closing.signal, () => {});
    },
    async check(signal) {
      if (clock.now() - wellMs > KNOWN_WELL_MS) await untilDone(['ready'], 'query', signal, () => {});
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

/** Neighbours together, as long as one request holds them. */
function inRequests(texts: readonly string[]): string[][] {
  const requests: string[][] = [];
  let room = 0;
  for (const text of texts) {
    const tokens = estimateTokens(text);
    if (requests.length === 0 || tokens > room) {
      requests.push([]);
      room = MAX_REQUEST_TOKENS;
    }
    requests.at(-1)?.push(text);
    room -= tokens;
  }
  return requests;
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
