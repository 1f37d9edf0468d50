import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { now } from './ids.ts';

const PREFIX = 'files-held:';
/** Behind every name that begins so. */
const END = 'files-held;';
/** A holder that died keeps stored files from being removed so long. */
const HOLD_MS = 60_000;
const RENEW_MS = 20_000;

/**
 * Keeps every process from removing stored files, whatever is deleted meanwhile: their removal waits. The hold is
 * there when this resolves.
 */
export async function holdFiles(db: Kysely<Database>): Promise<{ release(): Promise<void> }> {
  const name = `${PREFIX}${randomUUID()}`;
  const until = () => new Date(Date.now() + HOLD_MS).toISOString();
  await db
    .deleteFrom('settings')
    .where('name', '>=', PREFIX)
    .where('name', '<', END)
    .where('value', '<', now())
    .execute();
  await db.insertInto('settings').values({ name, value: until() }).execute();
  const renewing = setInterval(
    // one that fails is made up for by the next
    () =>
      void db
        .updateTable('settings')
        .set({ value: until() })
        .where('name', '=', name)
        .execute()
        .catch(() => {}),
    RENEW_MS,
  ).unref();
  return {
    async release() {
      clearInterval(renewing);
      await db.deleteFrom('settings').where('name', '=', name).execute();
    },
  };
}

/** Whether stored files must stay for now. */
export async function filesAreHeld(db: Kysely<Database>): Promise<boolean> {
  const hold = await db
    .selectFrom('settings')
    .select('name')
    .where('name', '>=', PREFIX)
    .where('name', '<', END)
    .where('value', '>=', now())
    .limit(1)
    .executeTakeFirst();
  return hold !== undefined;
}
