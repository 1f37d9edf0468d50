import type { Kysely } from 'kysely';
import type { Hit, SearchMode, Timings } from '../../contract/search.ts';
import { AppError, UpstreamError } from '../errors.ts';
import type { Database } from '../ports/schema.ts';
import type { ChunkKey, ChunkScore, SearchScope } from '../ports/search-scope.ts';
import type { TextReader } from '../ports/text-index.ts';
import type { VectorReader } from '../ports/vector-index.ts';
import { chunkId } from '../records/chunk-id.ts';
import { type FoundChunk, loadChunks } from '../records/hits.ts';
import { type AnalysedQuery, analyseQuery } from '../text/analyse.ts';
import { highlightSpans } from '../text/highlights.ts';
import { holdsPhrase } from '../text/phrases.ts';
import { span } from '../tracing.ts';
import { CANDIDATES, VECTOR_WEIGHTS } from './constants.ts';
import { type FusedScore, fuseConvex } from './fuse.ts';
import { languageGroup } from './language-group.ts';

export interface RetrievePorts {
  readonly db: Kysely<Database>;
  readonly vectors: VectorReader;
  readonly texts: TextReader;
  /** The vector of a question, usually from a cache. */
  readonly embedQuestion: (question: string, signal: AbortSignal) => Promise<Float32Array>;
}

export interface RetrieveRequest {
  readonly query: string;
  readonly limit: number;
  readonly mode: SearchMode;
  readonly scope: SearchScope;
  /** Of the documents in the scope. */
  readonly languages: readonly string[];
}

export interface Retrieved {
  readonly query: string;
  readonly analysed: AnalysedQuery;
  /** The question's vector; undefined when none was needed or the embedder is away. */
  readonly vector: Float32Array | undefined;
  /** Words alone were looked for, where vectors were wanted too. */
  readonly degraded?: 'vectors';
  /** Best first. */
  readonly passages: readonly RetrievedPassage[];
  readonly timings: Pick<Timings, 'embedMs' | 'vectorMs' | 'keywordMs'>;
}

export interface RetrievedPassage extends FoundChunk, Pick<FusedScore, 'score' | 'vector' | 'keyword'> {}

/**
 * The passages that speak to the question, best first: nearest vectors and best words side by side, fused,
 * then read from the records.
 *
 * @throws UpstreamError or AppError INDEX_MISMATCH in mode `vector` when there is no vector to compare with;
 * `hybrid` goes on with words alone.
 */
export async function retrieve(
  ports: RetrievePorts,
  request: RetrieveRequest,
  signal: AbortSignal,
): Promise<Retrieved> {
  const { query, limit, mode, scope, languages } = request;
  const analysed = analyseQuery(query, languages);
  const wanted = Math.max(CANDIDATES, limit);
  const [near, words] = await Promise.all([
    mode === 'keyword' ? NOTHING_NEAR : findNearest(ports, query, wanted, scope, mode, signal),
    mode === 'vector' ? NO_WORDS : findWords(ports.texts, analysed, wanted, scope, signal),
  ]);
  const cosines = new Map(near.found.map(({ key, score }) => [key, score]));
  const compared =
    near.vector === undefined || (await addMissingCosines(ports.vectors, near.vector, words.found, cosines));
  const weight =
    mode === 'vector' ? 1 : mode === 'keyword' ? 0 : VECTOR_WEIGHTS[languageGroup(analysed.language)];
  const ranked = fuseConvex(cosines, words.found, weight);
  const passages = await span('load passages', () =>
    readBest(ports.db, ranked, { limit, scope, phrases: analysed.phrases }),
  );
  return {
    query,
    analysed,
    vector: near.vector,
    ...(near.away || !compared ? { degraded: 'vectors' as const } : {}),
    passages,
    timings: { embedMs: near.embedMs, vectorMs: near.vectorMs, keywordMs: words.keywordMs },
  };
}

interface Near {
  readonly vector: Float32Array | undefined;
  readonly found: readonly ChunkScore[];
  readonly embedMs: number;
  readonly vectorMs: number;
  readonly away?: true;
}
const NOTHING_NEAR: Near = { vector: undefined, found: [], embedMs: 0, vectorMs: 0 };
const NO_WORDS = { found: [] as readonly ChunkScore[], keywordMs: 0 };

async function findNearest(
  { vectors, embedQuestion }: RetrievePorts,
  query: string,
  k: number,
  scope: SearchScope,
  mode: SearchMode,
  signal: AbortSignal,
): Promise<Near> {
  const begun = performance.now();
  try {
    const vector = await span('embed question', () => embedQuestion(query, signal));
    const embedded = performance.now();
    const found = await span('search vectors', () => vectors.search(vector, k, scope, signal));
    return { vector, found, embedMs: embedded - begun, vectorMs: performance.now() - embedded };
  } catch (error) {
    if (mode === 'vector' || !isAway(error)) throw error;
    return { ...NOTHING_NEAR, embedMs: performance.now() - begun, away: true };
  }
}

/** The model does not answer, or the stored vectors are another model's: words still find. */
const isAway = (error: unknown): boolean =>
  error instanceof UpstreamError || (error instanceof AppError && error.code === 'INDEX_MISMATCH');

async function findWords(
  texts: TextReader,
  { terms }: AnalysedQuery,
  k: number,
  scope: SearchScope,
  signal: AbortSignal,
) {
  const begun = performance.now();
  const found =
    terms.length === 0 ? [] : await span('search keywords', () => texts.search(terms, k, scope, signal));
  return { found, keywordMs: performance.now() - begun };
}

/**
 * A passage found by its words alone still has a place among the vectors.
 *
 * @returns false when the vectors' server went away since they were searched.
 */
async function addMissingCosines(
  vectors: VectorReader,
  vector: Float32Array,
  words: readonly ChunkScore[],
  cosines: Map<ChunkKey, number>,
): Promise<boolean> {
  const missing = words.map(({ key }) => key).filter((key) => !cosines.has(key));
  if (missing.length === 0) return true;
  try {
    const scores = await vectors.score(vector, missing);
    missing.forEach((key, i) => {
      const score = scores[i];
      if (score !== undefined) cosines.set(key, score);
    });
    return true;
  } catch (error) {
    if (!isAway(error)) throw error;
    return false;
  }
}

/** Reads in rank order until `limit` distinct passages are there; what quotes the question's phrases comes first. */
async function readBest(
  db: Kysely<Database>,
  ranked: readonly FusedScore[],
  { limit, scope, phrases }: { limit: number; scope: SearchScope; phrases: readonly string[] },
): Promise<RetrievedPassage[]> {
  const passages: RetrievedPassage[] = [];
  const seen = new Set<string>();
  // phrases are looked for in the candidates' text, so all of these are read
  const step = phrases.length > 0 ? CANDIDATES : limit + 4;
  for (
    let from = 0;
    from < ranked.length && passages.length < (phrases.length > 0 ? CANDIDATES : limit);
    from += step
  ) {
    const slice = ranked.slice(from, from + step);
    const scores = new Map(slice.map((fused) => [fused.key, fused]));
    for (const chunk of await loadChunks(
      db,
      slice.map(({ key }) => key),
      scope,
    )) {
      // the same text twice within a document says nothing new
      const identity = `${chunk.documentId} ${chunk.text}`;
      if (seen.has(identity)) continue;
      seen.add(identity);
      passages.push({ ...chunk, ...(scores.get(chunk.key) as FusedScore) });
    }
  }
  if (phrases.length === 0) return passages.slice(0, limit);
  const quoted = (passage: RetrievedPassage) =>
    phrases.filter((phrase) => holdsPhrase(passage.text, phrase)).length;
  return passages
    .map((passage) => ({ passage, quoted: quoted(passage) }))
    .sort((a, b) => b.quoted - a.quoted || b.passage.score - a.passage.score || a.passage.key - b.passage.key)
    .slice(0, limit)
    .map(({ passage }) => passage);
}

/** As results and answers tell it. */
export const degradedBy = ({ degraded }: Pick<Retrieved, 'degraded'>): Pick<Retrieved, 'degraded'> =>
  degraded === undefined ? {} : { degraded };

/** A passage as clients see it. */
export function asHit(passage: RetrievedPassage, { terms }: AnalysedQuery): Hit {
  return {
    chunkId: chunkId(passage.documentId, passage.key),
    documentId: passage.documentId,
    collectionId: passage.collectionId,
    title: passage.title,
    page: passage.page,
    start: passage.start,
    end: passage.end,
    text: passage.text,
    highlights: highlightSpans(passage.text, passage.language, terms),
    score: passage.score,
    scores: {
      ...(passage.vector === undefined ? {} : { vector: passage.vector }),
      ...(passage.keyword === undefined ? {} : { keyword: passage.keyword }),
    },
  };
}
