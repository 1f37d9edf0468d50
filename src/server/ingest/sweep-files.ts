import type { Kysely } from 'kysely';
import type { Originals } from '../ports/file-store.ts';
import type { Database } from '../ports/schema.ts';
import { filesAreHeld } from '../records/held-files.ts';

/**
 * Removes stored files that no document uses: an upload whose process died between the file and its row.
 * @returns how many.
 */
export const sweepFiles = (db: Kysely<Database>, files: Originals): Promise<number> =>
  files.sweep(async (key) => {
    if (await filesAreHeld(db)) return true;
    const row = await db
      .selectFrom('documents')
      .select('id')
      .where('storage_key', '=', key)
      .executeTakeFirst();
    return row !== undefined;
  });
