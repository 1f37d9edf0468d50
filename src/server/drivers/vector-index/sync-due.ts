import type { Kysely } from 'kysely';
import type { Database } from '../../ports/schema.ts';

/** Both sides are compared so often, whichever process does it. */
export const SWEEP_EVERY_MS = 3_600_000;
/** Name of the setting that holds when both sides were compared last. */
export const SWEPT_AT = 'vectors-swept-at';

/** Whether Qdrant lacks something that was written, or the time to compare both sides has come. */
export async function isSyncDue(db: Kysely<Database>, now = Date.now()): Promise<boolean> {
  const swept = db
    .selectFrom('settings')
    .select('name')
    .where('name', '=', SWEPT_AT)
    .where('value', '>=', new Date(now - SWEEP_EVERY_MS).toISOString());
  const { noted, compared } = await db
    .selectNoFrom((is) => [
      is.exists(is.selectFrom('vector_log').select('id')).as('noted'),
      is.exists(swept).as('compared'),
    ])
    .executeTakeFirstOrThrow();
  return Boolean(noted) || !compared;
}
