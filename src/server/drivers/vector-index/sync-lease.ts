import type { Kysely } from 'kysely';
import type { Database } from '../../ports/schema.ts';

/** Whoever holds it brings changes to the vector store; a holder that died keeps others from it so long. */
const LEASE_MS = 60_000;
const NAME = 'vector-sync';

export interface SyncLease {
  /** Takes or renews it. @returns false when another holds it. */
  take(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * A lease in the records, so that it holds wherever they are: the time it ends at and its holder, in one row
 * that is changed only while it holds what was read.
 *
 * @param holder without spaces.
 */
export function createSyncLease(db: Kysely<Database>, holder: string, now = () => Date.now()): SyncLease {
  const read = async () =>
    (await db.selectFrom('settings').select('value').where('name', '=', NAME).executeTakeFirst())?.value;
  async function replace(expected: string, value: string): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('settings')
      .set({ value })
      .where('name', '=', NAME)
      .where('value', '=', expected)
      .executeTakeFirst();
    return Number(numUpdatedRows) === 1;
  }

  return {
    async take() {
      const mine = `${now() + LEASE_MS} ${holder}`;
      const found = await read();
      if (found === undefined) {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('settings')
          .values({ name: NAME, value: mine })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .executeTakeFirst();
        return Number(numInsertedOrUpdatedRows) === 1;
      }
      const [until, other] = found.split(' ');
      if (other !== holder && Number(until) > now()) return false;
      return replace(found, mine);
    },
    async release() {
      const found = await read();
      if (found?.split(' ')[1] === holder) await replace(found, `0 ${holder}`);
    },
  };
}
