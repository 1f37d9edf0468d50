import { sql } from 'kysely';
import { chunkKey, collectionNoOf, ordinalOf } from '../../ports/search-scope.ts';
import type { Transaction } from '../../ports/transaction.ts';
import type { VectorWriter } from '../../ports/vector-index.ts';
import { mergeRanges } from './ordinal-ranges.ts';

/** Bound values of one statement stay far below every database's limit. */
const ROWS = 500;
/** A count in the log is a 32-bit integer, and a collection's ordinals go up to 2^32. */
const MOST_COUNT = 2 ** 30;
const ORDINALS = 2 ** 32;

export interface RowWriterOptions {
  /** Called within the transaction, before the log is written. */
  readonly before?: (tx: Transaction, collectionNo: number) => Promise<void>;
  /** Called for every change, before it is committed. */
  readonly changed?: () => void;
}

/** Vectors as rows of the caller's transaction, which are the truth, and a log of the ranges that changed. */
export function createRowWriter({ before, changed = () => {} }: RowWriterOptions): VectorWriter {
  async function note(tx: Transaction, collectionNo: number, first: number, end: number): Promise<void> {
    await before?.(tx, collectionNo);
    for (let from = first; from < end; from += MOST_COUNT) {
      await tx
        .insertInto('vector_log')
        .values({
          collection_no: collectionNo,
          first_ordinal: from,
          ordinal_count: Math.min(MOST_COUNT, end - from),
        })
        .execute();
    }
  }

  async function remove(tx: Transaction, collectionNo: number, first: number, end: number): Promise<void> {
    const from = chunkKey(collectionNo, first);
    for (const table of ['vectors', 'vectors_next'] as const)
      await tx
        .deleteFrom(table)
        .where('key', '>=', from)
        .where('key', '<', from + (end - first))
        .execute();
    await note(tx, collectionNo, first, end);
    changed();
  }

  return {
    async put(tx, points) {
      for (let from = 0; from < points.length; from += ROWS) {
        await tx
          .insertInto('vectors')
          .values(
            points.slice(from, from + ROWS).map(({ key, vector }) => ({
              key,
              data: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
            })),
          )
          .onConflict((conflict) =>
            conflict.column('key').doUpdateSet({ data: ({ ref }) => ref('excluded.data') }),
          )
          .execute();
      }
      const byCollection = Map.groupBy(points, ({ key }) => collectionNoOf(key));
      for (const [no, own] of byCollection) {
        const ordinals = own.map(({ key }) => ({ first: ordinalOf(key), end: ordinalOf(key) + 1 }));
        for (const { first, end } of mergeRanges(ordinals)) await note(tx, no, first, end);
      }
      changed();
    },
    removeRange: (tx, collectionNo, firstOrdinal, count) =>
      remove(tx, collectionNo, firstOrdinal, firstOrdinal + count),
    removeCollection: (tx, collectionNo) => remove(tx, collectionNo, 0, ORDINALS),
  };
}

/** Names the locks of collections' logs: `kb` as bytes. */
const LOG_LOCK = 0x6b62;

/**
 * For readers that follow the log in PostgreSQL. Numbers of a log are drawn before their transactions commit: one
 * writer at a time in a collection, until its commit, makes the order of numbers that of commits, so that a reader
 * that has seen a number has seen all before it.
 */
export const createPostgresVectorWriter = (): VectorWriter =>
  createRowWriter({
    before: async (tx, no) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(LOG_LOCK)}, ${no}::integer)`.execute(tx);
    },
  });

/**
 * For Qdrant, which `createQdrantSync` brings up to the rows once they are committed; a note that can't be worked off
 * yet stays.
 *
 * @param nudge is called for every change, before it is committed.
 */
export const createQdrantWriter = ({ nudge }: { nudge: () => void }): VectorWriter =>
  createRowWriter({ changed: nudge });
