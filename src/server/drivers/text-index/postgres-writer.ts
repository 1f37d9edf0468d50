import { sql } from 'kysely';
import type { TextEntry, TextWriter } from '../../ports/text-index.ts';
import type { Transaction } from '../../ports/transaction.ts';
import {
  asBlob,
  asEntries,
  BLOCK_SIZE,
  blockOf,
  groupByBlock,
  LENGTH_MAX,
  localOf,
  mergeEntries,
  postingsOf,
  usedLength,
  widened,
  withoutLocals,
} from './posting-block.ts';

/** Writes the keyword index into PostgreSQL, in the caller's transaction: a few statements a block, whatever its size. */
export function createPostgresTextWriter(): TextWriter {
  return {
    async add(tx, collectionNo, entries) {
      needTransaction(tx);
      for (const [block, group] of groupByBlock(entries)) await addToBlock(tx, collectionNo, block, group);
    },
    async removeRange(tx, collectionNo, firstOrdinal, count, terms) {
      needTransaction(tx);
      const end = firstOrdinal + count;
      const stored = await readLengths(tx, collectionNo, blockOf(firstOrdinal), blockOf(end - 1));
      for (const [block, lengths] of stored) {
        const first = Math.max(firstOrdinal - block * BLOCK_SIZE, 0);
        const last = Math.min(end - block * BLOCK_SIZE, BLOCK_SIZE) - 1;
        await removeFromBlock(tx, { collectionNo, block, lengths, first, last }, terms);
      }
    },
    async removeCollection(tx, collectionNo) {
      needTransaction(tx);
      for (const table of ['postings', 'posting_lengths', 'posting_stats'] as const)
        await tx.deleteFrom(table).where('collection_no', '=', collectionNo).execute();
    },
  };
}

function needTransaction(tx: Transaction | undefined): void {
  if (tx?.isTransaction !== true) throw new Error('the keyword index is only written inside a transaction');
}

async function readLengths(
  tx: Transaction,
  collectionNo: number,
  from: number,
  to: number,
): Promise<[block: number, lengths: Uint16Array][]> {
  const rows = await tx
    .selectFrom('posting_lengths')
    .select(['block', 'data'])
    .where('collection_no', '=', collectionNo)
    .where('block', '>=', from)
    .where('block', '<=', to)
    .orderBy('block')
    // whoever writes the same block next waits here, before doing its work in vain
    .forUpdate()
    .execute();
  return rows.map(({ block, data }) => [block, widened(data, 0)]);
}

async function addToBlock(
  tx: Transaction,
  collectionNo: number,
  block: number,
  entries: readonly TextEntry[],
): Promise<void> {
  const [, stored] = (await readLengths(tx, collectionNo, block, block))[0] ?? [];
  const added = postingsOf(entries);
  const [firstLocal, lastLocal] = [entries[0], entries.at(-1)].map((e) => localOf((e as TextEntry).ordinal));
  const lengths = widened(stored && asBlob(stored), (lastLocal as number) + 1);
  let lengthSum = 0;
  for (const { ordinal, length } of entries) {
    lengths[localOf(ordinal)] = Math.min(length, LENGTH_MAX);
    lengthSum += lengths[localOf(ordinal)] as number;
  }
  // documents are written side by side, so a later batch may hold earlier ordinals
  const behindAll = (stored?.length ?? 0) <= (firstLocal as number);
  const merged = behindAll ? [] : await readPostings(tx, { collectionNo, block }, [...added.keys()]);
  for (const { term, data } of merged)
    added.set(term, mergeEntries(asEntries(data), added.get(term) as Uint16Array));
  // in key order: two writers of one block never wait for each other in a circle
  const terms = [...added.keys()].sort();
  await writePostings(
    tx,
    { collectionNo, block },
    terms.map((term) => ({ term, entries: added.get(term) as Uint16Array })),
    behindAll ? 'append' : 'replace',
  );
  await writeLengths(tx, { collectionNo, block }, lengths);
  await addStats(tx, collectionNo, entries.length, lengthSum);
}

interface Place {
  readonly collectionNo: number;
  readonly block: number;
}

const readPostings = (
  tx: Transaction,
  { collectionNo, block }: Place,
  terms: readonly string[],
): Promise<{ term: string; data: Uint8Array }[]> =>
  tx
    .selectFrom('postings')
    .select(['term', 'data'])
    .where('collection_no', '=', collectionNo)
    .where('block', '=', block)
    .where(sql<boolean>`term = any(${terms}::text[])`)
    .execute();

/** @param how entries behind all others of their block are appended without reading them. */
async function writePostings(
  tx: Transaction,
  { collectionNo, block }: Place,
  rows: readonly { term: string; entries: Uint16Array }[],
  how: 'append' | 'replace',
): Promise<void> {
  if (rows.length === 0) return;
  const terms = rows.map(({ term }) => term);
  const data = rows.map(({ entries }) => Buffer.from(asBlob(entries)));
  await sql`
    insert into postings (collection_no, block, term, data)
    select ${collectionNo}::integer, ${block}::integer, term, data
    from unnest(${terms}::text[], ${data}::bytea[]) as added (term, data)
    on conflict (collection_no, block, term) do update
    set data = ${how === 'append' ? sql`postings.data || excluded.data` : sql`excluded.data`}`.execute(tx);
}

async function writeLengths(
  tx: Transaction,
  { collectionNo, block }: Place,
  lengths: Uint16Array,
): Promise<void> {
  const data = Buffer.from(asBlob(lengths));
  await tx
    .insertInto('posting_lengths')
    .values({ collection_no: collectionNo, block, data })
    .onConflict((c) => c.columns(['collection_no', 'block']).doUpdateSet({ data }))
    .execute();
}

async function addStats(
  tx: Transaction,
  collectionNo: number,
  count: number,
  lengthSum: number,
): Promise<void> {
  await tx
    .insertInto('posting_stats')
    .values({ collection_no: collectionNo, chunk_count: count, length_sum: lengthSum })
    .onConflict((c) =>
      c.column('collection_no').doUpdateSet((e) => ({
        chunk_count: e('posting_stats.chunk_count', '+', e.ref('excluded.chunk_count')),
        length_sum: e('posting_stats.length_sum', '+', e.ref('excluded.length_sum')),
      })),
    )
    .execute();
}

interface Removal extends Place {
  readonly lengths: Uint16Array;
  /** Ordinals within the block, both included. */
  readonly first: number;
  readonly last: number;
}

async function removeFromBlock(
  tx: Transaction,
  removal: Removal,
  terms: ReadonlySet<string> | undefined,
): Promise<void> {
  const { collectionNo, block, lengths, first, last } = removal;
  let removed = 0;
  let lengthSum = 0;
  for (let local = first; local <= last && local < lengths.length; local++) {
    if (lengths[local] === 0) continue;
    removed++;
    lengthSum += lengths[local] as number;
    lengths[local] = 0;
  }
  const used = usedLength(lengths);
  if (used === 0) {
    for (const table of ['postings', 'posting_lengths'] as const)
      await tx
        .deleteFrom(table)
        .where('collection_no', '=', collectionNo)
        .where('block', '=', block)
        .execute();
  } else if (terms === undefined) {
    await sweepBlock(tx, removal);
    await writeLengths(tx, removal, lengths.slice(0, used));
  } else {
    await writeWithout(tx, removal, await readPostings(tx, removal, [...terms].sort()));
    // the terms may come in several calls: until the last one the blob's end tells which ordinals may
    // still have postings, so that `add` does not append in front of them
    await writeLengths(tx, removal, lengths);
  }
  if (removed === 0) return;
  await addStats(tx, collectionNo, -removed, -lengthSum);
  await tx
    .deleteFrom('posting_stats')
    .where('collection_no', '=', collectionNo)
    .where('chunk_count', '<=', 0)
    .execute();
}

/** So many rows are in memory at once while a block is swept. */
const SWEEP_ROWS = 1000;

async function sweepBlock(tx: Transaction, removal: Removal): Promise<void> {
  let after = '';
  for (;;) {
    const rows = await tx
      .selectFrom('postings')
      .select(['term', 'data'])
      .where('collection_no', '=', removal.collectionNo)
      .where('block', '=', removal.block)
      .where('term', '>', after)
      .orderBy('term')
      .limit(SWEEP_ROWS)
      .execute();
    await writeWithout(tx, removal, rows);
    const last = rows.at(-1);
    if (last === undefined || rows.length < SWEEP_ROWS) return;
    after = last.term;
  }
}

async function writeWithout(
  tx: Transaction,
  removal: Removal,
  rows: readonly { term: string; data: Uint8Array }[],
): Promise<void> {
  const changed: { term: string; entries: Uint16Array }[] = [];
  const emptied: string[] = [];
  for (const { term, data } of rows) {
    const entries = asEntries(data);
    const kept = withoutLocals(entries, removal.first, removal.last);
    if (kept.length === 0) emptied.push(term);
    else if (kept !== entries) changed.push({ term, entries: kept });
  }
  await writePostings(tx, removal, changed, 'replace');
  if (emptied.length === 0) return;
  await tx
    .deleteFrom('postings')
    .where('collection_no', '=', removal.collectionNo)
    .where('block', '=', removal.block)
    .where(sql<boolean>`term = any(${emptied}::text[])`)
    .execute();
}
