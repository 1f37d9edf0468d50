import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import type { RecordsPlace } from './open-records.ts';

/**
 * Reads the records as they are at one moment, however long it takes and whatever is written meanwhile, over a
 * connection of its own. On SQLite the write-ahead log keeps what is written until the reading ends.
 *
 * @param place prepared records.
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
        await own.selectFrom('settings').select('name').limit(1).execute();
        return await read(own);
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
    ...openPostgres(place.url, { poolSize: 1, caFile: place.caFile }),
    begin: [
      'begin isolation level repeatable read, read only',
      'set local statement_timeout = 0',
      'set local idle_in_transaction_session_timeout = 0',
    ],
  };
}
