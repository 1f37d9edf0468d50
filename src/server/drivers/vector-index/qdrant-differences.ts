import type { Kysely } from 'kysely';
import type { Database } from '../../ports/schema.ts';
import { chunkKey, ordinalOf } from '../../ports/search-scope.ts';
import { mergeRanges, type OrdinalRange } from './ordinal-ranges.ts';
import { type Qdrant, TENANT, tenantIs } from './qdrant.ts';

/** Ids of one page when both sides are compared. */
const COMPARED = 5000;
const MOST_COLLECTIONS = 100_000;
const ORDINALS = 2 ** 32;

/**
 * Ranges of collection `no` in which Qdrant holds other keys than the records.
 *
 * @param options.everyKey otherwise a collection with as many on both sides counts as equal.
 */
export async function* qdrantDifferences(
  db: Kysely<Database>,
  qdrant: Pick<Qdrant, 'service' | 'path'>,
  {
    signal,
    everyKey = false,
  }: { readonly signal?: AbortSignal | undefined; readonly everyKey?: boolean } = {},
): AsyncGenerator<{ no: number; range: OrdinalRange }> {
  const there = await countThere(qdrant);
  const known = (await db.selectFrom('collections').select('no').execute()).map(({ no }) => Number(no));
  for (const no of known) {
    signal?.throwIfAborted();
    if (everyKey || (there.get(no) ?? 0) !== (await countHere(db, no)))
      yield* differencesIn(db, qdrant, no, signal);
    there.delete(no);
  }
  // of collections that are gone
  for (const no of there.keys()) yield { no, range: { first: 0, end: ORDINALS } };
}

async function countThere({ service, path }: Pick<Qdrant, 'service' | 'path'>): Promise<Map<number, number>> {
  const { result } = (await service.call('POST', path('/facet'), {
    key: TENANT,
    limit: MOST_COLLECTIONS,
    exact: true,
  })) as { result: { hits: { value: string; count: number }[] } };
  return new Map(result.hits.map(({ value, count }) => [Number(value), count]));
}

async function countHere(db: Kysely<Database>, no: number): Promise<number> {
  const { count } = await db
    .selectFrom('vectors')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('key', '>=', chunkKey(no, 0))
    .where('key', '<', chunkKey(no + 1, 0))
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function* differencesIn(
  db: Kysely<Database>,
  qdrant: Pick<Qdrant, 'service' | 'path'>,
  no: number,
  signal?: AbortSignal,
): AsyncGenerator<{ no: number; range: OrdinalRange }> {
  for (let from = chunkKey(no, 0); from < chunkKey(no + 1, 0); ) {
    signal?.throwIfAborted();
    const { here, there, next } = await comparePage(db, qdrant, { no, from }, signal);
    const ordinals = [...new Set(here).symmetricDifference(new Set(there))].map(ordinalOf);
    for (const range of mergeRanges(ordinals.map((first) => ({ first, end: first + 1 }))))
      yield { no, range };
    from = next;
  }
}

interface ComparedPage {
  readonly here: readonly number[];
  readonly there: readonly number[];
  readonly next: number;
}

/** One page of both sides, in the order of keys, and the key behind it. */
async function comparePage(
  db: Kysely<Database>,
  { service, path }: Pick<Qdrant, 'service' | 'path'>,
  { no, from }: { no: number; from: number },
  signal?: AbortSignal,
): Promise<ComparedPage> {
  const end = chunkKey(no + 1, 0);
  const here = (
    await db
      .selectFrom('vectors')
      .select('key')
      .where('key', '>=', from)
      .where('key', '<', end)
      .orderBy('key')
      .limit(COMPARED)
      .execute()
  ).map(({ key }) => Number(key));
  const { result } = (await service.call(
    'POST',
    path('/points/scroll'),
    {
      filter: { must: [tenantIs(no)] },
      offset: from,
      limit: COMPARED,
      with_payload: false,
      with_vector: false,
    },
    { signal },
  )) as { result: { points: { id: number }[] } };
  const there = result.points.map(({ id }) => id);
  // a full page tells nothing of what comes behind its last key
  const limits = [here, there].filter(({ length }) => length === COMPARED).map((keys) => keys.at(-1) ?? end);
  const next = Math.min(end, ...limits.map((key) => key + 1));
  return { here: here.filter((key) => key < next), there: there.filter((key) => key < next), next };
}
