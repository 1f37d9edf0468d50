import type { Kysely } from 'kysely';
import { AppError } from '../../errors.ts';
import type { Database } from '../../ports/schema.ts';
import { usedBytes } from '../../records/documents.ts';

/** What the user may still store. Uploads of one user take turns at the moment that counts. */
export interface Quota {
  /** Bytes that are free now; Infinity without a quota. */
  free(userId: string): Promise<number>;
  /**
   * Runs `store` once nobody else stores for this user and `bytes` fit.
   * @throws AppError QUOTA_EXCEEDED
   */
  within<T>(userId: string, bytes: number, store: () => Promise<T>): Promise<T>;
}

export const quotaExceeded = () =>
  new AppError('QUOTA_EXCEEDED', 'Your storage is full. Delete documents, or ask for a larger quota.');

/** @param commonBytes the quota of users who have none of their own; undefined: no limit. */
export function createQuota(db: Kysely<Database>, commonBytes: number | undefined): Quota {
  const turns = new Map<string, Promise<unknown>>();
  const free = async (userId: string) => {
    const user = await db.selectFrom('users').select('quota_mb').where('id', '=', userId).executeTakeFirst();
    const quota = user?.quota_mb == null ? commonBytes : user.quota_mb * 1024 * 1024;
    return quota === undefined ? Number.POSITIVE_INFINITY : quota - (await usedBytes(db, userId));
  };
  return {
    free,
    async within(userId, bytes, store) {
      const before = turns.get(userId);
      const turn = (async () => {
        await before?.catch(() => {});
        if (bytes > (await free(userId))) throw quotaExceeded();
        return store();
      })();
      turns.set(userId, turn);
      try {
        return await turn;
      } finally {
        if (turns.get(userId) === turn) turns.delete(userId);
      }
    },
  };
}
