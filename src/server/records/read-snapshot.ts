import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import type { RecordsPlace } from './open-records.ts';
import { readVectorSpace } from './vector-space.ts';

/** `ka reindex` changed over while the records were read. */
class VectorsChanged extends Error {
  override readonly name = 'VectorsChanged';
  constructor() {
    super('The vectors became those of another model while they were read: begin again.');
  }
}

/**
 * Reads the records as they are at one moment, however long it takes and whatever is written meanwhile, over a
 * connection of its own. On SQLite the write-ahead log keeps what is written until the reading ends.
 *
 * @param place prepared records.
 * @throws VectorsChanged
 */
export async function readSnapshot<T>(
  place: RecordsPlace,
  read: (db: Kysely<Database>) => Promise<T>,
): Promise<T> {
  const { db, begin, close } = await openReader(place);
  try {
    return await db.connection().execute(async (own) => {
      for (const statement of begin) await sql.raw(statement).execute(own);
      try {
        // the moment is that of the first look
        const space = await readVectorSpace(own);
        const result = await read(own);
        // PostgreSQL finds tables by their names of now, and those of vectors change theirs
        if (place.kind === 'postgres' && (await readVectorSpace(db)) !== space) throw new VectorsChanged();
        return result;
      } finally {
        await sql.raw('rollback').execute(own);
      }
    });
  } finally {
    await close();
  }
}

async function openReader(
  place: RecordsPlace,
): Promise<{ db: Kysely<Database>; begin: readonly string[]; close(): Promise<void> }> {
  if (place.kind === 'sqlite') {
    const { openSqlite } = await import('./sqlite.ts');
    return { ...openSqlite(place.path, { readonly: true }), begin: ['begin'] };
  }
  const { openPostgres } = await import('./postgres.ts');
  return {
    ...openPostgres(place.url, { poolSize: 2, caFile: place.caFile }),
    begin: [
      'begin isolation level repeatable read, read only',
      'set local statement_timeout = 0',
      'set local idle_in_transaction_session_timeout = 0',
    ],
  };
}
