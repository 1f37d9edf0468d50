import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';

/** A document's file, as the document's row tells of it. Several documents may share one. */
export interface StoredOriginal {
  readonly id: string;
  readonly storage_key: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

const PAGE = 1000;

/** Of every document, in pages. */
export async function* storedOriginals(db: Kysely<Database>): AsyncGenerator<StoredOriginal> {
  for (let after = ''; ; ) {
    const some = await db
      .selectFrom('documents')
      .select(['id', 'storage_key', 'size_bytes', 'sha256'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    yield* some;
    const last = some.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
