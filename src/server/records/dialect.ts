import { type Kysely, PostgresAdapter, type RawBuilder, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';

/** The few places where the two databases differ in more than a word ask here. */
export const isPostgres = (db: Kysely<Database>): boolean =>
  db.getExecutor().adapter instanceof PostgresAdapter;

/** `like` without case for ASCII letters. */
export const likeIn = (db: Kysely<Database>): 'like' | 'ilike' => (isPostgres(db) ? 'ilike' : 'like');

/** The same as raw SQL. */
export const likeWord = (db: Kysely<Database>): RawBuilder<unknown> => sql.raw(likeIn(db));
