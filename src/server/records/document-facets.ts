import type { Kysely } from 'kysely';
import type { Document, DocumentFacets } from '../../contract/documents.ts';
import type { Database } from '../ports/schema.ts';
import { countBy } from './count-by.ts';
import { visibleCollections } from './documents.ts';

const MOST_TAGS = 200;

/**
 * How many of the documents that the user may see have each status, type and tag, the most frequent first.
 *
 * @throws AppError NOT_FOUND for a collection that the user may not see.
 */
export async function documentFacets(
  db: Kysely<Database>,
  userId: string,
  collectionId: string | undefined,
): Promise<DocumentFacets> {
  const collections = await visibleCollections(db, userId, collectionId);
  const statuses = mostFrequent(await countBy(db, collections, 'documents', 'status'));
  const mimeTypes = mostFrequent(await countBy(db, collections, 'documents', 'mime_type'));
  const tags = mostFrequent(await countBy(db, collections, 'document_tags', 'tag'));
  return {
    total: collections.reduce((sum, { document_count }) => sum + document_count, 0),
    statuses: statuses.map(([status, count]) => ({ status: status as Document['status'], count })),
    mimeTypes: mimeTypes.map(([mimeType, count]) => ({ mimeType, count })),
    tags: tags.slice(0, MOST_TAGS).map(([tag, count]) => ({ tag, count })),
  };
}

const mostFrequent = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
