import type { Kysely } from 'kysely';
import { AppError } from '../../errors.ts';
import type { Database } from '../../ports/schema.ts';
import {
  type ChunkKey,
  type ChunkScore,
  collectionNoOf,
  ordinalOf,
  type ScopeCollection,
} from '../../ports/search-scope.ts';
import type { VectorReader } from '../../ports/vector-index.ts';
import { mergeRanges, type OrdinalRange } from './ordinal-ranges.ts';
import { ORDINAL, type Qdrant, TENANT, VECTOR } from './qdrant.ts';

/** One query's filter names at most so many ranges; a filter of more is asked in parts. */
const RANGES_PER_QUERY = 500;
/** Ranges that are excluded inside a query; what lies in others is dropped from its answer. */
const EXCLUDED_PER_QUERY = 500;
const SEARCH_MS = 5000;
/** Of the codes' best, so many times k are scored again with the originals. */
const OVERSAMPLING = 2;
const LEAST_EF = 128;

interface Query {
  readonly filter: object;
  readonly limit: number;
}

/**
 * Nearest passages from Qdrant. The records tell which ranges are let go of and which changes have not arrived
 * there yet; both are left out, so that nothing is found that is deleted.
 *
 * Every query names one tenant, since graphs exist for each tenant alone.
 */
export function createQdrantReader({ db, qdrant }: { db: Kysely<Database>; qdrant: Qdrant }): VectorReader {
  const { dimensions, service, path } = qdrant;
  let checked = false;

  async function needMatch(vector: Float32Array, signal?: AbortSignal): Promise<void> {
    if (vector.length !== dimensions)
      throw new AppError(
        'INDEX_MISMATCH',
        `The index holds vectors of ${dimensions} numbers, the question has ${vector.length}.`,
      );
    if (checked) return;
    await qdrant.check(signal);
    checked = true;
  }

  /** By collection. */
  async function unfindable(numbers: readonly number[]): Promise<Map<number, OrdinalRange[]>> {
    const found = new Map<number, OrdinalRange[]>();
    for (const { collection_no, first_ordinal, ordinal_count } of await db
      .selectFrom('tombstones')
      .select(['collection_no', 'first_ordinal', 'ordinal_count'])
      .where('collection_no', 'in', numbers)
      .where('purged', '=', 0)
      .unionAll(
        db
          .selectFrom('vector_log')
          .select(['collection_no', 'first_ordinal', 'ordinal_count'])
          .where('collection_no', 'in', numbers),
      )
      .execute()) {
      const ranges = found.get(collection_no) ?? [];
      found.set(collection_no, ranges);
      ranges.push({ first: Number(first_ordinal), end: Number(first_ordinal) + ordinal_count });
    }
    for (const [no, ranges] of found) found.set(no, mergeRanges(ranges));
    return found;
  }

  return {
    dimensions,
    async search(vector, k, scope, signal) {
      await needMatch(vector, signal);
      if (scope.collections.length === 0 || k === 0) return [];
      const gone = await unfindable(scope.collections.map(({ no }) => no));
      const queries = scope.collections.flatMap((part) => queriesOf(part, k, gone.get(part.no) ?? []));
      if (queries.length === 0) return [];
      const params = {
        hnsw_ef: Math.max(LEAST_EF, k),
        quantization: { rescore: true, oversampling: OVERSAMPLING },
      };
      const query = Array.from(vector);
      const answer = (await service.call(
        'POST',
        path('/points/query/batch'),
        { searches: queries.map((one) => ({ query, using: VECTOR, ...one, params, with_payload: false })) },
        { signal, timeoutMs: SEARCH_MS, tries: 2 },
      )) as { result: { points: { id: number; score: number }[] }[] };
      return answer.result
        .flatMap(({ points }) => points)
        .map(({ id, score }): ChunkScore => ({ key: id, score }))
        .filter(({ key }) => !holds(gone.get(collectionNoOf(key)), ordinalOf(key)))
        .sort((a, b) => b.score - a.score || a.key - b.key)
        .slice(0, k);
    },

    async score(vector, keys) {
      await needMatch(vector);
      if (keys.length === 0) return [];
      const { result } = (await service.call(
        'POST',
        path('/points/query'),
        {
          query: Array.from(vector),
          using: VECTOR,
          filter: { must: [{ has_id: [...new Set(keys)] }] },
          limit: keys.length,
          params: { exact: true },
          with_payload: false,
        },
        { timeoutMs: SEARCH_MS, tries: 2 },
      )) as { result: { points: { id: ChunkKey; score: number }[] } };
      const scores = new Map(result.points.map(({ id, score }) => [id, score]));
      return keys.map((key) => scores.get(key));
    },

    /** Nothing of it is in this process. */
    stats: async () => ({ loadedCollections: 0, loadedRows: 0, loadedBytes: 0 }),
    /** The connection is its opener's. */
    async close() {},
  };
}

const inRange = ({ first, end }: OrdinalRange) => ({ key: ORDINAL, range: { gte: first, lt: end } });

function queriesOf(
  { no, documents }: ScopeCollection,
  k: number,
  gone: readonly OrdinalRange[],
): readonly Query[] {
  const tenant = { key: TENANT, match: { value: String(no) } };
  const excluded = gone.slice(0, EXCLUDED_PER_QUERY).map(inRange);
  // what can't be excluded there takes places here
  const limit = gone.length > EXCLUDED_PER_QUERY ? 2 * k : k;
  const must_not = excluded.length > 0 ? { must_not: excluded } : {};
  if (documents === undefined) return [{ filter: { must: [tenant], ...must_not }, limit }];
  const ranges = mergeRanges(
    documents.map(({ firstOrdinal, chunkCount }) => ({
      first: firstOrdinal,
      end: firstOrdinal + chunkCount,
    })),
  );
  const queries: Query[] = [];
  for (let from = 0; from < ranges.length; from += RANGES_PER_QUERY) {
    const should = ranges.slice(from, from + RANGES_PER_QUERY).map(inRange);
    queries.push({ filter: { must: [tenant, { should }], ...must_not }, limit });
  }
  return queries;
}

/** @param ranges ascending and disjoint. */
function holds(ranges: readonly OrdinalRange[] | undefined, ordinal: number): boolean {
  let low = 0;
  let high = ranges?.length ?? 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { first, end } = (ranges as readonly OrdinalRange[])[middle] as OrdinalRange;
    if (ordinal < first) high = middle;
    else if (ordinal >= end) low = middle + 1;
    else return true;
  }
  return false;
}
