import { type Kysely, sql } from 'kysely';
import type { DocumentFacets } from '../../contract/documents.ts';
import type { Database } from '../ports/schema.ts';
import { visibleCollections } from './documents.ts';

const MOST_TAGS = 200;

/**
 * How many of the documents that the user may see have each status, type and tag, the most frequent first. Three
 * counts over indexes that begin with the collection.
 *
 * @throws AppError NOT_FOUND for a collection that the user may not see.
 */
export async function documentFacets(
  db: Kysely<Database>,
  userId: string,
  collectionId: string | undefined,
): Promise<DocumentFacets> {
  const collections = await visibleCollections(db, userId, collectionId);
  if (collections.length === 0) return { total: 0, statuses: [], mimeTypes: [], tags: [] };
  const within = sql`collection_id in (${sql.join(collections.map(({ id }) => id))})`;
  const counts = async <Name extends string>(table: string, column: Name, limit = 1000) =>
    (
      await sql<Record<Name, string> & { count: number }>`
        select ${sql.ref(column)}, count(*) as count from ${sql.table(table)} where ${within}
        group by ${sql.ref(column)} order by count desc, ${sql.ref(column)} limit ${limit}`.execute(db)
    ).rows;
  const [statuses, types, tags] = await Promise.all([
    counts('documents', 'status'),
    counts('documents', 'mime_type'),
    counts('document_tags', 'tag', MOST_TAGS),
  ]);
  return {
    total: collections.reduce((sum, { document_count }) => sum + document_count, 0),
    statuses: statuses as DocumentFacets['statuses'],
    mimeTypes: types.map(({ mime_type, count }) => ({ mimeType: mime_type, count })),
    tags,
  };
}
