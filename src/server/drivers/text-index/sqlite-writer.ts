import type { Database, Statement } from 'better-sqlite3';
import type { TextEntry, TextWriter } from '../../ports/text-index.ts';
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

/**
 * Writes the keyword index into the records' database, on the connection whose transaction the caller
 * holds open. The more entries a call brings, the fewer rows each of them costs.
 */
export function createSqliteTextWriter(raw: Database): TextWriter {
  const statements = prepare(raw);
  const inTransaction = () => {
    if (!raw.inTransaction) throw new Error('the keyword index is only written inside a transaction');
  };
  return {
    async add(_tx, collectionNo, entries) {
      inTransaction();
      for (const [block, group] of groupByBlock(entries)) addToBlock(statements, collectionNo, block, group);
    },
    async removeRange(_tx, collectionNo, firstOrdinal, count, terms) {
      inTransaction();
      const end = firstOrdinal + count;
      for (let block = blockOf(firstOrdinal); block * BLOCK_SIZE < end; block++) {
        const first = Math.max(firstOrdinal - block * BLOCK_SIZE, 0);
        const last = Math.min(end - block * BLOCK_SIZE, BLOCK_SIZE) - 1;
        removeFromBlock(statements, collectionNo, block, first, last, terms);
      }
    },
    async removeCollection(_tx, collectionNo) {
      inTransaction();
      statements.deleteCollectionPostings.run(collectionNo);
      statements.deleteCollectionLengths.run(collectionNo);
      statements.deleteStats.run(collectionNo);
    },
  };
}

type Key = [collectionNo: number, block: number, term: string];
interface TermRow {
  term: string;
  data: Uint8Array;
}

function prepare(raw: Database) {
  const at = 'collection_no = ? and block = ? and term = ?';
  return {
    get: raw.prepare(`select data from postings where ${at}`).pluck() as Statement<Key, Uint8Array>,
    // entries behind all others of their block are appended without reading the row into JavaScript
    append: raw.prepare(
      `insert into postings (collection_no, block, term, data) values (?, ?, ?, ?)
       on conflict do update set data = cast(data || excluded.data as blob)`,
    ) as Statement<[...Key, Uint8Array]>,
    put: raw.prepare(
      'insert or replace into postings (collection_no, block, term, data) values (?, ?, ?, ?)',
    ) as Statement<[...Key, Uint8Array]>,
    delete: raw.prepare(`delete from postings where ${at}`) as Statement<Key>,
    deleteBlock: raw.prepare('delete from postings where collection_no = ? and block = ?') as Statement<
      [number, number]
    >,
    sweep: raw.prepare(
      'select term, data from postings where collection_no = ? and block = ? and term > ? order by term limit ?',
    ) as Statement<[number, number, string, number], TermRow>,
    getLengths: raw
      .prepare('select data from posting_lengths where collection_no = ? and block = ?')
      .pluck() as Statement<[number, number], Uint8Array>,
    putLengths: raw.prepare(
      'insert or replace into posting_lengths (collection_no, block, data) values (?, ?, ?)',
    ) as Statement<[number, number, Uint8Array]>,
    deleteLengths: raw.prepare(
      'delete from posting_lengths where collection_no = ? and block = ?',
    ) as Statement<[number, number]>,
    addStats: raw.prepare(
      `insert into posting_stats (collection_no, chunk_count, length_sum) values (?, ?, ?)
       on conflict do update set chunk_count = chunk_count + excluded.chunk_count,
         length_sum = length_sum + excluded.length_sum`,
    ) as Statement<[number, number, number]>,
    deleteEmptyStats: raw.prepare(
      'delete from posting_stats where collection_no = ? and chunk_count <= 0',
    ) as Statement<[number]>,
    deleteStats: raw.prepare('delete from posting_stats where collection_no = ?') as Statement<[number]>,
    deleteCollectionPostings: raw.prepare('delete from postings where collection_no = ?') as Statement<
      [number]
    >,
    deleteCollectionLengths: raw.prepare('delete from posting_lengths where collection_no = ?') as Statement<
      [number]
    >,
  };
}
type Statements = ReturnType<typeof prepare>;

function addToBlock(
  statements: Statements,
  collectionNo: number,
  block: number,
  entries: readonly TextEntry[],
): void {
  const byTerm = postingsOf(entries);
  const stored = statements.getLengths.get(collectionNo, block);
  const lengths = widened(stored, localOf((entries.at(-1) as TextEntry).ordinal) + 1);
  // documents are written side by side, so a later batch may hold earlier ordinals
  const behindAll =
    (stored === undefined ? 0 : stored.byteLength >> 1) <= localOf((entries[0] as TextEntry).ordinal);
  let lengthSum = 0;
  for (const { ordinal, length } of entries) {
    const counted = Math.min(length, LENGTH_MAX);
    lengths[localOf(ordinal)] = counted;
    lengthSum += counted;
  }
  // in key order: neighbouring rows share a page
  for (const term of [...byTerm.keys()].sort()) {
    const added = byTerm.get(term) as Uint16Array;
    const present = behindAll ? undefined : statements.get.get(collectionNo, block, term);
    if (present === undefined) statements.append.run(collectionNo, block, term, asBlob(added));
    else statements.put.run(collectionNo, block, term, asBlob(mergeEntries(asEntries(present), added)));
  }
  statements.putLengths.run(collectionNo, block, asBlob(lengths));
  statements.addStats.run(collectionNo, entries.length, lengthSum);
}

function removeFromBlock(
  statements: Statements,
  collectionNo: number,
  block: number,
  first: number,
  last: number,
  terms: ReadonlySet<string> | undefined,
): void {
  const stored = statements.getLengths.get(collectionNo, block);
  const lengths = widened(stored, 0);
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
    statements.deleteBlock.run(collectionNo, block);
    statements.deleteLengths.run(collectionNo, block);
  } else if (terms === undefined) {
    sweepBlock(statements, collectionNo, block, first, last);
    statements.putLengths.run(collectionNo, block, asBlob(lengths.slice(0, used)));
  } else {
    for (const term of terms) removeFromTerm(statements, collectionNo, block, term, first, last);
    // the terms may come in several calls: until the last one the blob's end tells which ordinals may
    // still have postings, so that `add` does not append in front of them
    statements.putLengths.run(collectionNo, block, asBlob(lengths));
  }
  if (removed === 0) return;
  statements.addStats.run(collectionNo, -removed, -lengthSum);
  statements.deleteEmptyStats.run(collectionNo);
}

function removeFromTerm(
  statements: Statements,
  collectionNo: number,
  block: number,
  term: string,
  first: number,
  last: number,
): void {
  const present = statements.get.get(collectionNo, block, term);
  if (present !== undefined)
    putWithout(statements, collectionNo, block, { term, data: present }, first, last);
}

function putWithout(
  statements: Statements,
  collectionNo: number,
  block: number,
  { term, data }: TermRow,
  first: number,
  last: number,
): void {
  const entries = asEntries(data);
  const kept = withoutLocals(entries, first, last);
  if (kept === entries) return;
  if (kept.length === 0) statements.delete.run(collectionNo, block, term);
  else statements.put.run(collectionNo, block, term, asBlob(kept));
}

/** So many rows are read at once while a block is swept: a connection cannot write while it iterates. */
const SWEEP_ROWS = 1000;

function sweepBlock(
  statements: Statements,
  collectionNo: number,
  block: number,
  first: number,
  last: number,
): void {
  let after = '';
  for (;;) {
    const rows = statements.sweep.all(collectionNo, block, after, SWEEP_ROWS);
    for (const row of rows) putWithout(statements, collectionNo, block, row, first, last);
    if (rows.length < SWEEP_ROWS) return;
    after = (rows.at(-1) as TermRow).term;
  }
}
