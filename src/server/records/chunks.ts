import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { ChunkRow, Database } from '../ports/schema.ts';
import { type ChunkKey, chunkKey } from '../ports/search-scope.ts';
import type { Transaction } from '../ports/transaction.ts';

export type StoredChunk = Selectable<ChunkRow>;

/** @param rows in the order of their keys, at most a few hundred: one statement takes them all. */
export async function insertChunks(tx: Transaction, rows: readonly Insertable<ChunkRow>[]): Promise<void> {
  if (rows.length > 0) await tx.insertInto('chunks').values(rows).execute();
}

export async function tokensAndPages(
  db: Kysely<Database>,
  documentId: string,
  revision: number,
): Promise<{ tokens: number; pages: number }> {
  const { tokens } = await db
    .selectFrom('chunks')
    .select(({ fn }) => fn.coalesce(fn.sum<number>('token_count'), sql<number>`0`).as('tokens'))
    .where('document_id', '=', documentId)
    .where('revision', '=', revision)
    .executeTakeFirstOrThrow();
  const { pages } = await db
    .selectFrom('pages')
    .select(({ fn }) => fn.coalesce(fn.max('page'), sql<number>`0`).as('pages'))
    .where('document_id', '=', documentId)
    .where('revision', '=', revision)
    .executeTakeFirstOrThrow();
  return { tokens: Number(tokens), pages: Number(pages) };
}

/** The next chunks of a revision that have no vector yet, from `fromSeq` on, in order. */
export const chunksWithoutVector = (
  db: Kysely<Database>,
  place: { documentId: string; revision: number; fromSeq: number; limit: number },
): Promise<StoredChunk[]> =>
  db
    .selectFrom('chunks')
    .leftJoin('vectors', 'vectors.key', 'chunks.key')
    .selectAll('chunks')
    .where('document_id', '=', place.documentId)
    .where('revision', '=', place.revision)
    .where('seq', '>=', place.fromSeq)
    .where('vectors.key', 'is', null)
    .orderBy('seq')
    .limit(place.limit)
    .execute();

/** Vectors that any chunk already has for these hashes of embedded text. */
export async function vectorsByTextHash(
  db: Kysely<Database>,
  hashes: readonly string[],
  dimensions: number,
): Promise<Map<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  for (const hash of new Set(hashes)) {
    const row = await db
      .selectFrom('chunks')
      .innerJoin('vectors', 'vectors.key', 'chunks.key')
      .select('vectors.data')
      .where('text_hash', '=', hash)
      .limit(1)
      .executeTakeFirst();
    if (row?.data.byteLength === 4 * dimensions) found.set(hash, new Float32Array(row.data.slice().buffer));
  }
  return found;
}

/** Chunks whose keys lie in a range of ordinals, ascending. */
export const chunksInRange = (
  db: Kysely<Database>,
  collectionNo: number,
  range: { first: number; end: number; limit: number },
): Promise<StoredChunk[]> =>
  db
    .selectFrom('chunks')
    .selectAll()
    .where('key', '>=', chunkKey(collectionNo, range.first))
    .where('key', '<', chunkKey(collectionNo, range.end))
    .orderBy('key')
    .limit(range.limit)
    .execute();

/** Removes the chunks with `first` ≤ key ≤ `last`. */
export async function deleteChunks(tx: Transaction, first: ChunkKey, last: ChunkKey): Promise<void> {
  await tx.deleteFrom('chunks').where('key', '>=', first).where('key', '<=', last).execute();
}
