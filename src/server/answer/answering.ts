import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Answer, AnswerEvent, QueryRequest } from '../../contract/query.ts';
import type { Filters, SearchRequest, SearchResult } from '../../contract/search.ts';
import { AppError, UpstreamError } from '../errors.ts';
import type { Admission } from '../ports/admission.ts';
import type { Cache } from '../ports/cache.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Database } from '../ports/schema.ts';
import type { SearchScope } from '../ports/search-scope.ts';
import type { SharedWork } from '../ports/shared-work.ts';
import type { TextReader } from '../ports/text-index.ts';
import type { VectorReader } from '../ports/vector-index.ts';
import { recentExchanges } from '../records/conversations.ts';
import { newId } from '../records/ids.ts';
import { languagesIn, resolveScope } from '../records/scope.ts';
import { normaliseQuestion } from '../text/normalise-question.ts';
import { span } from '../tracing.ts';
import { type AnswerPorts, answer, EXTRACTIVE_MODEL, type Question } from './answer.ts';
import type { AnswerModel } from './answer-model.ts';
import { BrokenOff, generate } from './generate.ts';
import type { Exchange } from './history.ts';
import { PROMPT_VERSION } from './prompt.ts';
import { asHit, degradedBy, retrieve } from './retrieve.ts';
import { type Rewritten, rewriteQuestion } from './rewrite-question.ts';
import { createSharedStreams } from './shared-stream.ts';
import { createSingleFlight } from './single-flight.ts';
import { unlessMade } from './unless-made.ts';
import { createVectorCache, type VectorCache } from './vector-cache.ts';

export interface AnsweringPorts {
  readonly db: Kysely<Database>;
  readonly vectors: VectorReader;
  readonly texts: TextReader;
  readonly embedder: Embedder;
  readonly cache: Cache;
  /** Writes the answers; without one they are extracted. */
  readonly model?: AnswerModel;
  readonly settings: {
    readonly queryTtlMs: number;
    readonly answerTtlMs: number;
    /** Vectors of questions and sentences kept, at most, and their bytes. */
    readonly embeddingEntries: number;
    readonly embeddingBytes: number;
  };
  /** Throws when nothing new may be worked out; what is kept is still served. */
  readonly admit?: () => void;
  /** Keeps other processes from working out the same answer at the same time. */
  readonly sharedWork?: SharedWork;
  /** A place for what is worked out, which may have to be waited for; the answer gives it back. */
  readonly enter?: Admission['enter'];
  /**
   * Whether sentences are compared by vectors too. What weighs them, and what decides whether a question is answered, was
   * learned from one model: with another one words decide.
   */
  readonly comparesSentences?: () => boolean;
  /** Hears of the tokens that were paid for a user's questions. */
  readonly onEmbedded?: (userId: string, tokens: number) => void;
}

/** What the mouths of the program (HTTP, command line) ask. */
export interface Answering {
  search(userId: string, request: SearchRequest, signal: AbortSignal): Promise<SearchResult>;
  ask(
    userId: string,
    request: QueryRequest,
    signal: AbortSignal,
    how?: HowToAsk,
  ): AsyncGenerator<AnswerEvent>;
}

export interface HowToAsk {
  /** Of a conversation that the client keeps, oldest first; those of ours are named by the request. */
  readonly history?: readonly Exchange[];
  /** Only the last event is shown: extracted sentences stand in for a model that breaks off after its first word. */
  readonly whole?: boolean;
}

/** Part of every key: results made by another way of searching or extracting are not served. */
const METHOD_VERSION = 1;
/** Kept scopes' languages; each changes with its collections' generations. */
const SCOPES_KEPT = 1000;
const SCOPES_BYTES = 1024 * 1024;
/** What a map, a list and a small object take around an entry, about. */
const OVERHEAD_BYTES = 300;

/**
 * Searching and answering behind their caches. A key holds what may be seen (collections, their generations,
 * the filtered documents), so that another user, a change or a delete never meets an older answer; equal
 * questions in flight are worked once.
 */
export function createAnswering({
  db,
  vectors,
  texts,
  embedder,
  cache,
  model,
  settings,
  admit,
  sharedWork,
  enter = async () => () => {},
  comparesSentences = () => true,
  onEmbedded = () => {},
}: AnsweringPorts): Answering & { readonly vectorCache: VectorCache } {
  const vectorCache = createVectorCache(embedder, {
    entries: settings.embeddingEntries,
    bytes: settings.embeddingBytes,
  });
  const scopeLanguages = new LRUCache<string, string[]>({
    max: SCOPES_KEPT,
    maxSize: SCOPES_BYTES,
    sizeCalculation: (languages, key) => key.length + 16 * languages.length + OVERHEAD_BYTES,
  });
  const searches = createSingleFlight<SearchResult>();
  const answers = createSharedStreams<AnswerEvent>();

  const portsOf = (userId: string): AnswerPorts => {
    const spent = (tokens: number) => onEmbedded(userId, tokens);
    return {
      db,
      vectors,
      texts,
      embedQuestion: async (question, signal) =>
        (await vectorCache.embed([question], signal, spent))[0] as Float32Array,
      embedSentences: (sentences, signal) => {
        if (comparesSentences())
          return span('embed sentences', () => vectorCache.embed(sentences, signal, spent));
        return Promise.reject(
          new UpstreamError('embedding model', 'Sentences are compared by words.', { retryable: false }),
        );
      },
    };
  };

  async function languagesOf(scope: SearchScope): Promise<string[]> {
    const key = scope.collections.map(({ no, generation }) => `${no}.${generation}`).join(' ');
    let languages = scopeLanguages.get(key);
    if (languages === undefined) {
      languages = await languagesIn(
        db,
        scope.collections.map(({ no }) => no),
      );
      scopeLanguages.set(key, languages);
    }
    return languages;
  }

  const keyOf = (kind: string, scope: SearchScope, ...rest: readonly (string | number)[]): string =>
    `${kind}:${createHash('sha256')
      .update(JSON.stringify([METHOD_VERSION, embedder.fingerprint, scope.collections, ...rest]))
      .digest('base64url')}`;

  async function searchAnew(
    userId: string,
    request: SearchRequest,
    scope: SearchScope,
    begun: number,
    signal: AbortSignal,
  ): Promise<SearchResult> {
    const { query, limit, mode } = request;
    const retrieved = await retrieve(
      portsOf(userId),
      { query, limit, mode, scope, languages: await languagesOf(scope) },
      signal,
    );
    const tookMs = performance.now() - begun;
    return {
      hits: retrieved.passages.map((passage) => asHit(passage, retrieved.analysed)),
      ...degradedBy(retrieved),
      tookMs,
      cached: false,
      timings: { ...retrieved.timings, rerankMs: 0, generateMs: 0, totalMs: tookMs },
    };
  }

  return {
    async search(userId, request, signal) {
      const begun = performance.now();
      const scope = await resolveScope(db, userId, request.filters);
      const key = keyOf('search', scope, request.mode, request.limit, normaliseQuestion(request.query));
      const kept = await cache.get<SearchResult>(key);
      if (kept !== undefined) return { ...kept, cached: true, tookMs: performance.now() - begun };
      return searches.run(
        key,
        async (shared) => {
          const leave = await enter(userId, shared);
          try {
            const result = await searchAnew(userId, request, scope, begun, shared);
            if (isWhole(result)) await cache.set(key, result, settings.queryTtlMs);
            return result;
          } finally {
            leave();
          }
        },
        signal,
      );
    },

    async *ask(userId, request, signal, { history, whole = false } = {}) {
      const begun = performance.now();
      const { limit } = request;
      const writer = modelFor(request.model);
      const scope = await resolveScope(db, userId, filtersOf(request));
      const read = await readQuestion(userId, request, writer, signal, history);
      const { query, alternative } = read;
      const key = keyOf(
        'answer',
        scope,
        ...(writer === undefined ? [EXTRACTIVE_MODEL] : [writer.name, PROMPT_VERSION]),
        limit,
        normaliseQuestion(query),
        ...(alternative === undefined ? [] : [normaliseQuestion(alternative)]),
      );
      /** What is this caller's own in an answer that may be another's too. */
      const own = (made: Answer): Answer => ({
        ...made,
        id: newId(),
        ...(query === request.query ? {} : { standaloneQuestion: query }),
        usage: withUsage(made.usage, read.usage, writer),
      });
      const kept = await cache.get<Answer>(key);
      if (kept !== undefined) {
        const totalMs = performance.now() - begun;
        // its own reading of the question was paid: what was saved is the answer alone
        yield* asEvents({
          ...own(kept),
          usage: kept.usage,
          cached: true,
          timings: { ...kept.timings, totalMs },
        });
        return;
      }
      admit?.();
      const question: Question = {
        query,
        ...(alternative === undefined ? {} : { alternative }),
        limit,
        scope,
        languages: await languagesOf(scope),
        userId,
      };
      const ports = portsOf(userId);
      const make = async function* (shared: AbortSignal): AsyncGenerator<AnswerEvent> {
        const leave = await enter(userId, shared);
        try {
          const made =
            writer === undefined
              ? answer(ports, question, shared)
              : generate(ports, writer, question, shared);
          for await (const event of made) {
            // what is left is the provider's time, and those who wait for it have a line of their own
            if (writer !== undefined && event.type === 'sources') leave();
            if (event.type === 'done' && isWorthKeeping(event.answer, scope))
              await cache.set(key, event.answer, settings.answerTtlMs);
            yield event;
          }
        } finally {
          leave();
        }
      };
      const look = () => cache.get<Answer>(key);
      const asKept = (answer: Answer) => asEvents({ ...answer, cached: true });
      const events = answers.join(
        key,
        (shared) => unlessMade(sharedWork, { key, look, asEvents: asKept, make: () => make(shared) }, shared),
        signal,
      );
      try {
        for await (const event of events)
          yield event.type === 'done' ? { type: 'done', answer: own(event.answer) } : event;
      } catch (error) {
        if (!whole || !(error instanceof BrokenOff)) throw error;
        for await (const event of answer(ports, question, signal))
          if (event.type === 'done')
            yield { type: 'done', answer: own({ ...event.answer, fallback: 'unavailable' }) };
      }
    },

    vectorCache,
  };

  /** @throws AppError VALIDATION when there is no such model. */
  function modelFor(name: string | undefined): AnswerModel | undefined {
    if (name === undefined || name === model?.name) return model;
    if (name === EXTRACTIVE_MODEL) return undefined;
    const names = [...(model === undefined ? [] : [model.name]), EXTRACTIVE_MODEL];
    throw new AppError(
      'VALIDATION',
      `There is no model named ${name}: leave it out, or see /api/v1/config.`,
      {
        fields: [{ path: 'model', message: `must be one of: ${names.join(', ')}` }],
      },
    );
  }

  /** The question as the conversation makes it understood. */
  async function readQuestion(
    userId: string,
    { query, conversationId }: QueryRequest,
    writer: AnswerModel | undefined,
    signal: AbortSignal,
    history: readonly Exchange[] = [],
  ): Promise<Rewritten> {
    const exchanges =
      conversationId === undefined
        ? history.slice(-EXCHANGES_READ)
        : await recentExchanges(db, userId, conversationId, EXCHANGES_READ);
    return rewriteQuestion(
      { model: writer, cache, summaryTtlMs: SUMMARY_TTL_MS, userId },
      // nobody else's summary, whatever a client says that was said
      conversationId ?? `${userId}:${exchanges[0]?.id ?? ''}`,
      query,
      exchanges,
      signal,
    );
  }
}

/** Of a conversation; what came before is in no follow-up's mind. */
const EXCHANGES_READ = 50;
const SUMMARY_TTL_MS = 24 * 3_600_000;

const withUsage = (
  usage: Answer['usage'],
  more: Rewritten['usage'],
  writer: AnswerModel | undefined,
): Answer['usage'] =>
  writer === undefined || more.promptTokens + more.completionTokens === 0
    ? usage
    : {
        promptTokens: usage.promptTokens + more.promptTokens,
        completionTokens: usage.completionTokens + more.completionTokens,
        costUsd: usage.costUsd + writer.costUsd(more),
      };

/** What was made while the embedder or the model was away is worth an answer, but not worth keeping. */
const isWorthKeeping = ({ timings, fallback, degraded }: Answer, scope: SearchScope): boolean =>
  fallback === undefined &&
  degraded === undefined &&
  (timings.vectorMs > 0 || scope.collections.length === 0);

/** A hybrid search by words alone is worth an answer, but not worth keeping. */
const isWhole = ({ degraded }: SearchResult): boolean => degraded === undefined;

/** `collectionId` is one more filter. @throws AppError NOT_FOUND when the filters exclude it. */
function filtersOf({ filters, collectionId }: QueryRequest): Filters | undefined {
  if (collectionId === undefined) return filters;
  if (filters?.collectionIds !== undefined && !filters.collectionIds.includes(collectionId)) {
    throw new AppError('VALIDATION', 'collectionId is not among filters.collectionIds.', {
      fields: [{ path: 'collectionId', message: 'must be one of filters.collectionIds, or stand alone' }],
    });
  }
  return { ...filters, collectionIds: [collectionId] };
}

/** A whole answer as the events that it would have come in. */
function* asEvents(whole: Answer): Generator<AnswerEvent> {
  yield { type: 'sources', sources: whole.sources };
  const marked = /[\s\S]*?\[(\d+)\](?=\s|$)/g;
  let from = 0;
  for (const match of whole.answer.matchAll(marked)) {
    from = match.index + match[0].length;
    yield { type: 'token', text: match[0] };
    const citation = whole.citations.find(({ marker }) => marker === Number(match[1]));
    if (citation !== undefined) yield { type: 'citation', citation };
  }
  if (from < whole.answer.length) yield { type: 'token', text: whole.answer.slice(from) };
  yield { type: 'done', answer: whole };
}
