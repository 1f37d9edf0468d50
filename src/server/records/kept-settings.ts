import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';

/** Stores a value unless there is one. @returns the one that is there now; of several processes all get the same. */
export async function keepSetting(db: Kysely<Database>, name: string, value: string): Promise<string> {
  await db
    .insertInto('settings')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const kept = await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
  return kept?.value ?? value;
}

/** Names the installation on servers that it shares with others: Redis, Qdrant. */
export const installationId = (db: Kysely<Database>): Promise<string> =>
  keepSetting(db, 'installation', randomUUID());
