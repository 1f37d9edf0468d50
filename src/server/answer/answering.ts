import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Answer, AnswerEvent, QueryRequest } from '../../contract/query.ts';
import type { Filters, SearchRequest, SearchResult } from '../../contract/search.ts';
import { AppError } from '../errors.ts';
import type { Cache } from '../ports/cache.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Database } from '../ports/schema.ts';
import type { SearchScope } from '../ports/search-scope.ts';
import type { TextReader } from '../ports/text-index.ts';
import type { VectorReader } from '../ports/vector-index.ts';
import { newId } from '../records/ids.ts';
import { languagesIn, resolveScope } from '../records/scope.ts';
import { normaliseQuestion } from '../text/normalise-question.ts';
import { type AnswerPorts, answer, EXTRACTIVE_MODEL, type Question } from './answer.ts';
import { asHit, retrieve } from './retrieve.ts';
import { createSingleFlight } from './single-flight.ts';

export interface AnsweringPorts {
  readonly db: Kysely<Database>;
  readonly vectors: VectorReader;
  readonly texts: TextReader;
  readonly embedder: Embedder;
  readonly cache: Cache;
  readonly settings: {
    readonly queryTtlMs: number;
    readonly answerTtlMs: number;
    /** Questions' vectors kept. */
    readonly embeddingEntries: number;
  };
}

/** What the mouths of the program (HTTP, command line) ask. */
export interface Answering {
  search(userId: string, request: SearchRequest, signal: AbortSignal): Promise<SearchResult>;
  ask(userId: string, request: QueryRequest, signal: AbortSignal): AsyncGenerator<AnswerEvent>;
}

/** Part of every key: results made by another way of searching or extracting are not served. */
const METHOD_VERSION = 1;
/** Kept scopes' languages; each changes with its collections' generations. */
const SCOPES_KEPT = 1000;

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
  settings,
}: AnsweringPorts): Answering {
  const questionVectors = new LRUCache<string, Float32Array>({ max: Math.max(1, settings.embeddingEntries) });
  const scopeLanguages = new LRUCache<string, string[]>({ max: SCOPES_KEPT });
  const searches = createSingleFlight<SearchResult>();
  const answers = createSingleFlight<Answer>();

  const ports: AnswerPorts = {
    db,
    vectors,
    texts,
    async embedQuestion(question, signal) {
      const kept = questionVectors.get(question);
      if (kept !== undefined) return kept;
      const [vector] = await embedder.embed([question], 'query', signal);
      if (settings.embeddingEntries > 0) questionVectors.set(question, vector as Float32Array);
      return vector as Float32Array;
    },
    embedSentences: (sentences, signal) => embedder.embed(sentences, 'query', signal),
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
    request: SearchRequest,
    scope: SearchScope,
    begun: number,
    signal: AbortSignal,
  ): Promise<SearchResult> {
    const { query, limit, mode } = request;
    const retrieved = await retrieve(
      ports,
      { query, limit, mode, scope, languages: await languagesOf(scope) },
      signal,
    );
    const tookMs = performance.now() - begun;
    return {
      hits: retrieved.passages.map((passage) => asHit(passage, retrieved.analysed)),
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
          const result = await searchAnew(request, scope, begun, shared);
          if (isWhole(result, request.mode)) await cache.set(key, result, settings.queryTtlMs);
          return result;
        },
        signal,
      );
    },

    async *ask(userId, request, signal) {
      const begun = performance.now();
      const { query, limit, model } = request;
      if (model !== undefined && model !== EXTRACTIVE_MODEL) {
        throw new AppError(
          'VALIDATION',
          `There is no model named ${model}: leave it out, or see /api/v1/config.`,
          {
            fields: [{ path: 'model', message: `must be one of: ${EXTRACTIVE_MODEL}` }],
          },
        );
      }
      const scope = await resolveScope(db, userId, filtersOf(request));
      const key = keyOf('answer', scope, EXTRACTIVE_MODEL, limit, normaliseQuestion(query));
      const kept = await cache.get<Answer>(key);
      if (kept !== undefined) {
        const totalMs = performance.now() - begun;
        yield* asEvents({ ...kept, id: newId(), cached: true, timings: { ...kept.timings, totalMs } });
        return;
      }
      const whole = await answers.run(
        key,
        async (shared) => {
          const question: Question = { query, limit, scope, languages: await languagesOf(scope) };
          const made = await lastOf(answer(ports, question, shared));
          if (made.timings.vectorMs > 0 || scope.collections.length === 0)
            await cache.set(key, made, settings.answerTtlMs);
          return made;
        },
        signal,
      );
      yield* asEvents({ ...whole, id: newId() });
    },
  };
}

/** A hybrid search without the embedder is worth an answer, but not worth keeping. */
const isWhole = ({ timings }: SearchResult, mode: SearchRequest['mode']): boolean =>
  mode === 'keyword' || timings.vectorMs > 0;

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

async function lastOf(events: AsyncIterable<AnswerEvent>): Promise<Answer> {
  for await (const event of events) if (event.type === 'done') return event.answer;
  throw new Error('the answer ended without its last event');
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
