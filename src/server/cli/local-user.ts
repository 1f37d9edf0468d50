import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { newId, now } from '../records/ids.ts';

/** The one user and collection of a folder's own index, made at the first time. It has no password: nobody signs in to it. */
export async function ensureLocalUser(
  db: Kysely<Database>,
): Promise<{ userId: string; collectionId: string }> {
  return db.transaction().execute(async (tx) => {
    const known = await tx.selectFrom('collections').select(['id', 'owner_id']).limit(1).executeTakeFirst();
    if (known !== undefined) return { userId: known.owner_id, collectionId: known.id };
    const time = now();
    const [userId, collectionId] = [newId(), newId()];
    await tx
      .insertInto('users')
      .values({
        id: userId,
        email: 'local',
        name: '',
        role: 'user',
        password_hash: '',
        suspended: 0,
        quota_mb: null,
        monthly_budget_usd: null,
        daily_budget_usd: null,
        created_at: time,
        updated_at: time,
      })
      .execute();
    await tx
      .insertInto('collections')
      .values({
        id: collectionId,
        owner_id: userId,
        name: 'Folder',
        generation: 0,
        next_ordinal: 0,
        document_count: 0,
        created_at: time,
        updated_at: time,
      })
      .execute();
    return { userId, collectionId };
  });
}
