import { type Kysely, sql } from 'kysely';
import type { Database } from '../../ports/schema.ts';
import type { SearchScope } from '../../ports/search-scope.ts';
import type { QueryTerm, TextReader } from '../../ports/text-index.ts';
import { blockOf } from './posting-block.ts';
import { Accumulators, rankBlocks, type StoredBlocks } from './rank-blocks.ts';

/** Searches the keyword index in PostgreSQL: one statement reads all that a question touches, at one moment. */
export function createPostgresTextReader(db: Kysely<Database>): TextReader {
  const memory = new Accumulators();
  return {
    async search(terms, k, scope, signal) {
      if (terms.length === 0 || k <= 0 || scope.collections.length === 0) return [];
      signal?.throwIfAborted();
      const stored = await readBlocks(db, terms, scope);
      signal?.throwIfAborted();
      return rankBlocks(stored, memory, { terms, k, scope });
    },
    async close() {},
  };
}

interface Row {
  kind: 'length' | 'posting' | 'tombstone';
  collection_no: number;
  /** The block, or a tombstone's first ordinal. */
  at: number;
  term: string | null;
  data: Uint8Array | null;
  ordinal_count: number | null;
}

async function readBlocks(
  db: Kysely<Database>,
  terms: readonly QueryTerm[],
  scope: SearchScope,
): Promise<StoredBlocks> {
  const forms = [...new Set(terms.flatMap((term) => term.forms))];
  const { nos, blocks, whole } = wantedBlocks(scope);
  const all = [...new Set([...whole, ...nos])];
  const { rows } = await sql<Row>`
    with lengths as materialized (
      select collection_no, block, data from posting_lengths where collection_no = any(${whole}::integer[])
      union all
      select l.collection_no, l.block, l.data
      from unnest(${nos}::integer[], ${blocks}::integer[]) as wanted (collection_no, block)
      join posting_lengths l on l.collection_no = wanted.collection_no and l.block = wanted.block)
    select 'length' as kind, collection_no, block::bigint as at, null as term, data, null::integer as ordinal_count
    from lengths
    union all
    select 'posting', p.collection_no, p.block, p.term, p.data, null
    from lengths join postings p
      on p.collection_no = lengths.collection_no and p.block = lengths.block and p.term = any(${forms}::text[])
    union all
    select 'tombstone', collection_no, first_ordinal, null, null, ordinal_count from tombstones
    where collection_no = any(${all}::integer[]) and purged = 0`.execute(db);
  const lengths = new Map<number, [number, Uint8Array][]>();
  const tombstones = new Map<number, [number, number][]>();
  const postings = new Map<string, Uint8Array>();
  for (const { kind, collection_no, at, term, data, ordinal_count } of rows) {
    if (kind === 'length') listOf(lengths, collection_no).push([at, data as Uint8Array]);
    else if (kind === 'tombstone') listOf(tombstones, collection_no).push([at, ordinal_count as number]);
    else postings.set(`${collection_no} ${at} ${term}`, data as Uint8Array);
  }
  for (const list of lengths.values()) list.sort(([a], [b]) => a - b);
  return {
    lengths: (no) => lengths.get(no) ?? [],
    postings: (no, block, term) => postings.get(`${no} ${block} ${term}`),
    tombstones: (no) => tombstones.get(no) ?? [],
  };
}

/** A filtered collection is read only where its documents lie. */
function wantedBlocks({ collections }: SearchScope): { nos: number[]; blocks: number[]; whole: number[] } {
  const nos: number[] = [];
  const blocks: number[] = [];
  const whole: number[] = [];
  for (const { no, documents } of collections) {
    if (documents === undefined) {
      whole.push(no);
      continue;
    }
    let next = 0;
    for (const { firstOrdinal, chunkCount } of documents) {
      const last = blockOf(firstOrdinal + chunkCount - 1);
      for (next = Math.max(next, blockOf(firstOrdinal)); next <= last; next++) {
        nos.push(no);
        blocks.push(next);
      }
    }
  }
  return { nos, blocks, whole };
}

function listOf<T>(lists: Map<number, T[]>, no: number): T[] {
  const list = lists.get(no) ?? [];
  lists.set(no, list);
  return list;
}
