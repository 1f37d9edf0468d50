import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Transaction } from '../../ports/transaction.ts';
import { openSqlite, prepareSqlite } from '../../records/sqlite.ts';
import { describeTextIndex, type TextIndexUnderTest } from './conformance.ts';
import { createKeywordReader } from './sqlite-reader.ts';
import { createSqliteTextWriter } from './sqlite-writer.ts';

async function make(): Promise<TextIndexUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'text-index-'));
  const path = join(folder, 'ka.sqlite');
  prepareSqlite(path);
  const connection = openSqlite(path);
  connection.raw.pragma('synchronous = OFF');
  return {
    writer: createSqliteTextWriter(connection.raw),
    transaction: (work) => connection.db.transaction().execute(work),
    openReader() {
      const own = openSqlite(path, { readonly: true });
      const reader = createKeywordReader(own.raw);
      return {
        search: async (terms, k, scope) => reader.search(terms, k, scope),
        close: () => own.close(),
      };
    },
    async tombstone(collectionNo, firstOrdinal, ordinalCount) {
      await connection.db
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
      const rows = (sql: string) => connection.raw.prepare(sql).raw().all(collectionNo);
      return [
        ...rows('select block, term, hex(data) from postings where collection_no = ? order by block, term'),
        // chunks removed at a block's end may leave zeros
        ...rows(
          "select block, rtrim(hex(data), '0') from posting_lengths where collection_no = ? order by block",
        ),
        ...rows('select chunk_count, length_sum from posting_stats where collection_no = ?'),
      ];
    },
    async close() {
      await connection.close();
      rmSync(folder, { recursive: true });
    },
  };
}

describeTextIndex('sqlite', make);

test('writing outside a transaction is refused', async () => {
  const index = await make();
  const entries = [{ ordinal: 0, terms: new Map([['a', 1]]), length: 1 }];
  await expect(index.writer.add(undefined as unknown as Transaction, 1, entries)).rejects.toThrow(
    'transaction',
  );
  await index.close();
});
