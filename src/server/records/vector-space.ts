import { type Kysely, sql } from 'kysely';
import { otherSpace } from '../errors.ts';
import type { Database } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { VECTOR_SPACE } from '../ports/vector-space.ts';
import { isPostgres } from './dialect.ts';
import { keepSetting } from './kept-settings.ts';

/** Chunks in one statement of a reindex, and rows that are removed in one transaction. */
const ROWS = 256;
const REMOVED_ROWS = 2000;

/** The model of installations that are older than this setting. */
const FIRST_SPACE = 'bundled/minilm-l6-v2/pc7-1/384/mean/l2';

/** The space that is searched; one that holds nothing yet becomes `wanted`. */
export async function keepVectorSpace(db: Kysely<Database>, wanted: string): Promise<string> {
  const any = await db.selectFrom('chunks').select('key').limit(1).executeTakeFirst();
  const kept = await keepSetting(db, VECTOR_SPACE, any === undefined ? wanted : FIRST_SPACE);
  if (kept === wanted || any !== undefined) return kept;
  await db.transaction().execute(async (tx) => {
    const since = await tx.selectFrom('chunks').select('key').limit(1).executeTakeFirst();
    if (since === undefined) await setVectorSpace(tx, wanted);
  });
  return (await readVectorSpace(db)) ?? kept;
}

export async function readVectorSpace(db: Kysely<Database>): Promise<string | undefined> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', VECTOR_SPACE)
    .executeTakeFirst();
  return row?.value;
}

const setVectorSpace = (tx: Transaction, fingerprint: string) =>
  tx.updateTable('settings').set({ value: fingerprint }).where('name', '=', VECTOR_SPACE).execute();

/** @throws UpstreamError, retryable, when the vectors are another model's by now. */
export async function needVectorSpace(db: Kysely<Database>, fingerprint: string): Promise<void> {
  const kept = await readVectorSpace(db);
  if (kept !== undefined && kept !== fingerprint) throw otherSpace();
}

/** A chunk that is to get a vector, with the title that its revision began with. */
export interface ChunkToEmbed {
  readonly key: number;
  /** Null: removed by now. */
  readonly owner_id: string | null;
  readonly title: string;
  readonly heading_path: string;
  readonly table_header: string | null;
  readonly text: string;
  readonly text_hash: string;
  readonly token_count: number;
}

/** The next chunks behind a key that have no vector of the coming space, in the order of their keys. */
export const chunksWithoutNext = (
  db: Kysely<Database>,
  behind: number,
  limit = ROWS,
): Promise<ChunkToEmbed[]> =>
  db
    .selectFrom('chunks')
    .innerJoin('revisions', (join) =>
      join
        .onRef('revisions.document_id', '=', 'chunks.document_id')
        .onRef('revisions.revision', '=', 'chunks.revision'),
    )
    .leftJoin('documents', 'documents.id', 'chunks.document_id')
    .leftJoin('vectors_next', 'vectors_next.key', 'chunks.key')
    .select([
      'chunks.key',
      'documents.owner_id',
      'revisions.title',
      'heading_path',
      'table_header',
      'text',
      'text_hash',
      'chunks.token_count',
    ])
    .where('revisions.dropped', '=', 0)
    .where('vectors_next.key', 'is', null)
    .where('chunks.key', '>', behind)
    .orderBy('chunks.key')
    .limit(limit)
    .execute();

/** Chunks without a vector of the coming space, and how many different texts they hold. */
export async function countWithoutNext(
  db: Kysely<Database>,
): Promise<{ readonly passages: number; readonly texts: number }> {
  const { passages, texts } = await db
    .selectFrom('chunks')
    .innerJoin('revisions', (join) =>
      join
        .onRef('revisions.document_id', '=', 'chunks.document_id')
        .onRef('revisions.revision', '=', 'chunks.revision'),
    )
    .leftJoin('vectors_next', 'vectors_next.key', 'chunks.key')
    .select(({ fn }) => [fn.countAll().as('passages'), fn.count('text_hash').distinct().as('texts')])
    .where('dropped', '=', 0)
    .where('vectors_next.key', 'is', null)
    .executeTakeFirstOrThrow();
  return { passages: Number(passages), texts: Number(texts) };
}

/** Which embedder the coming vectors are made by. What another one left there is of no use. */
const NEXT_SPACE = 'next-vector-space';

export async function beginNextSpace(db: Kysely<Database>, fingerprint: string): Promise<void> {
  const kept = await keepSetting(db, NEXT_SPACE, fingerprint);
  if (kept === fingerprint) return;
  await clearNextVectors(db);
  await db.updateTable('settings').set({ value: fingerprint }).where('name', '=', NEXT_SPACE).execute();
}

/** Stores vectors of the coming space, of chunks that are still there. @throws UpstreamError when that is another one by now. */
export async function putNextVectors(
  tx: Transaction,
  fingerprint: string,
  points: readonly { readonly key: number; readonly vector: Float32Array }[],
): Promise<void> {
  const next = await tx
    .selectFrom('settings')
    .select('value')
    .where('name', '=', NEXT_SPACE)
    .executeTakeFirst();
  if (next?.value !== fingerprint) throw otherSpace();
  const keys = points.map(({ key }) => key);
  const there = new Set(
    (await tx.selectFrom('chunks').select('key').where('key', 'in', keys).execute()).map(({ key }) =>
      Number(key),
    ),
  );
  const rows = points
    .filter(({ key }) => there.has(Number(key)))
    .map(({ key, vector }) => ({
      key,
      data: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
    }));
  if (rows.length === 0) return;
  await tx
    .insertInto('vectors_next')
    .values(rows)
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
}

/** Vectors of the coming space that any chunk already has for these hashes of embedded text. */
export async function nextVectorsByTextHash(
  db: Kysely<Database>,
  hashes: Iterable<string>,
): Promise<Map<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  for (const hash of new Set(hashes)) {
    const row = await db
      .selectFrom('chunks')
      .innerJoin('vectors_next', 'vectors_next.key', 'chunks.key')
      .select('vectors_next.data')
      .where('text_hash', '=', hash)
      .limit(1)
      .executeTakeFirst();
    if (row !== undefined) found.set(hash, new Float32Array(row.data.slice().buffer));
  }
  return found;
}

/**
 * From its commit on the coming vectors are those that are searched, in all processes.
 *
 * @returns false when some chunk has none yet: nothing is changed then.
 */
export const switchVectorSpace = (db: Kysely<Database>, fingerprint: string): Promise<boolean> =>
  db
    .transaction()
    .execute(async (tx) => {
      // the first write: from here on nobody adds a chunk. Looking for one takes some 0.5 s of a million
      await tx
        .updateTable('collections')
        .set(({ eb }) => ({ generation: eb('generation', '+', 1) }))
        .execute();
      if (isPostgres(tx))
        await sql`lock table chunks, vectors, vectors_next in access exclusive mode`.execute(tx);
      if ((await chunksWithoutNext(tx, -1, 1)).length > 0) throw new Incomplete();
      for (const [from, to] of [
        ['vectors', 'vectors_before'],
        ['vectors_next', 'vectors'],
        ['vectors_before', 'vectors_next'],
      ] as const)
        await sql`alter table ${sql.table(from)} rename to ${sql.table(to)}`.execute(tx);
      // of ranges in the earlier space: everyone reads anew
      await tx.deleteFrom('vector_log').execute();
      await tx.deleteFrom('settings').where('name', '=', NEXT_SPACE).execute();
      await setVectorSpace(tx, fingerprint);
      return true;
    })
    .catch((error: unknown) => {
      if (error instanceof Incomplete) return false;
      throw error;
    });

class Incomplete extends Error {}

/** Removes what is left of another space, a few rows at a time. */
export async function clearNextVectors(db: Kysely<Database>, atOnce = REMOVED_ROWS): Promise<void> {
  for (;;) {
    const last = await db
      .selectFrom('vectors_next')
      .select('key')
      .orderBy('key')
      .offset(atOnce - 1)
      .limit(1)
      .executeTakeFirst();
    if (last === undefined) break;
    await db.deleteFrom('vectors_next').where('key', '<=', last.key).execute();
  }
  await db.deleteFrom('vectors_next').execute();
}
