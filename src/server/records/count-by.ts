import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';

/** Counted in one turn of the event loop: some 2 ms. */
const COUNTED_AT_ONCE = 40_000;
/** What one more statement costs, in rows. */
const STATEMENT_ROWS = 500;

/**
 * How many rows of the collections have each value. One collection after the other, since the values of one come in
 * the order of the index: over three at once the same takes three times as long.
 */
export async function countBy(
  db: Kysely<Database>,
  collections: readonly { readonly id: string; readonly document_count: number }[],
  table: 'documents' | 'document_tags',
  column: 'status' | 'mime_type' | 'tag',
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let counted = 0;
  for (const { id, document_count } of collections) {
    if (document_count === 0) continue;
    if (counted > COUNTED_AT_ONCE) {
      await nextTurn();
      counted = 0;
    }
    counted += document_count + STATEMENT_ROWS;
    const { rows } = await sql<{ value: string; count: number }>`
      select ${sql.ref(column)} as value, count(*) as count from ${sql.table(table)}
      where collection_id = ${id} group by ${sql.ref(column)}`.execute(db);
    for (const { value, count } of rows) counts.set(value, (counts.get(value) ?? 0) + count);
  }
  await nextTurn();
  return counts;
}
