import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { newPostgresDatabase } from '../../../../test/support/stores.ts';
import type { Database } from '../../ports/schema.ts';
import { openPostgres } from '../../records/postgres.ts';
import { describeTextIndex, type TextIndexUnderTest } from './conformance.ts';
import { createPostgresTextReader } from './postgres-reader.ts';
import { createPostgresTextWriter } from './postgres-writer.ts';

async function make(): Promise<TextIndexUnderTest> {
  const { db, close } = openPostgres(await newPostgresDatabase());
  return {
    writer: createPostgresTextWriter(),
    transaction: (work) => db.transaction().execute(work),
    openReader: () => createPostgresTextReader(db),
    async tombstone(collectionNo, firstOrdinal, ordinalCount) {
      await db
        .insertInto('tombstones')
        .values({
          collection_no: collectionNo,
          first_ordinal: firstOrdinal,
          ordinal_count: ordinalCount,
          purged: 0,
        })
        .execute();
    },
    async dump(collectionNo) {
      const of = (table: keyof Database, columns: string, order: string) =>
        sql`select ${sql.raw(columns)} from ${sql.table(table)} where collection_no = ${collectionNo} order by ${sql.raw(order)}`.execute(
          db,
        );
      return [
        ...(await of('postings', `block, term, encode(data, 'hex') as data`, 'block, term')).rows,
        // chunks removed at a block's end may leave zeros
        ...(await of('posting_lengths', `block, rtrim(encode(data, 'hex'), '0') as data`, 'block')).rows,
        ...(await of('posting_stats', 'chunk_count, length_sum', 'collection_no')).rows,
      ];
    },
    close,
  };
}

describeTextIndex('postgres', make);

test('writing outside a transaction is refused', async () => {
  const { db, close } = openPostgres(await newPostgresDatabase());
  const entries = [{ ordinal: 0, terms: new Map([['a', 1]]), length: 1 }];
  await expect(createPostgresTextWriter().add(db, 1, entries)).rejects.toThrow('transaction');
  await close();
});
