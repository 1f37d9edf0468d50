import { type Kysely, sql } from 'kysely';
import type { Filters } from '../../contract/search.ts';
import { AppError } from '../errors.ts';
import type { Database } from '../ports/schema.ts';
import type { ScopeCollection, ScopeDocument, SearchScope } from '../ports/search-scope.ts';

type Db = Kysely<Database>;

/**
 * What `userId` may search, narrowed by the filters: own collections and those shared with them.
 * @throws AppError NOT_FOUND for a collection or document among the filters that the user may not see.
 */
export async function resolveScope(db: Db, userId: string, filters: Filters = {}): Promise<SearchScope> {
  let collections = await visibleCollections(db, userId);
  if (filters.collectionIds !== undefined) {
    const wanted = new Set(filters.collectionIds);
    collections = collections.filter(({ id }) => wanted.has(id));
    if (collections.length < wanted.size)
      throw new AppError('NOT_FOUND', 'filters.collectionIds names a collection that is not there.');
  }
  if (!narrowsDocuments(filters))
    return { collections: collections.map(({ no, generation }) => ({ no, generation })) };
  return { collections: await withDocuments(db, collections, filters) };
}

interface VisibleCollection {
  readonly no: number;
  readonly id: string;
  readonly generation: number;
}

/** Two searches of an index each; sorted, so that the same rights give the same scope. */
async function visibleCollections(db: Db, userId: string): Promise<VisibleCollection[]> {
  const rows = await db
    .selectFrom('collections')
    .select(['no', 'id', 'generation'])
    .where('owner_id', '=', userId)
    .unionAll(
      db
        .selectFrom('collection_members')
        .innerJoin('collections', 'collections.id', 'collection_members.collection_id')
        .select(['collections.no', 'collections.id', 'collections.generation'])
        .where('collection_members.user_id', '=', userId),
    )
    .execute();
  return rows.sort((a, b) => a.no - b.no);
}

const narrowsDocuments = ({ documentIds, tags, mimeTypes, createdAfter, createdBefore }: Filters): boolean =>
  documentIds !== undefined ||
  tags !== undefined ||
  mimeTypes !== undefined ||
  createdAfter !== undefined ||
  createdBefore !== undefined;

async function withDocuments(
  db: Db,
  collections: readonly VisibleCollection[],
  filters: Filters,
): Promise<ScopeCollection[]> {
  const collectionIds = collections.map(({ id }) => id);
  let query = db
    .selectFrom('documents')
    .select(['documents.id', 'documents.collection_id', 'documents.first_ordinal', 'documents.chunk_count'])
    .where('documents.collection_id', 'in', collectionIds);
  if (filters.documentIds !== undefined) {
    const wanted = [...new Set(filters.documentIds)];
    const { count } = await db
      .selectFrom('documents')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('id', 'in', wanted)
      .where('collection_id', 'in', collectionIds)
      .executeTakeFirstOrThrow();
    if (count < wanted.length)
      throw new AppError('NOT_FOUND', 'filters.documentIds names a document that is not there.');
    query = query.where('documents.id', 'in', wanted);
  }
  if (filters.mimeTypes !== undefined) query = query.where('documents.mime_type', 'in', filters.mimeTypes);
  if (filters.createdAfter !== undefined)
    query = query.where('documents.created_at', '>', asStored(filters.createdAfter));
  if (filters.createdBefore !== undefined)
    query = query.where('documents.created_at', '<', asStored(filters.createdBefore));
  if (filters.tags !== undefined) {
    query = query.where(
      'documents.id',
      'in',
      db
        .selectFrom('document_tags')
        .select('document_tags.document_id')
        .where('document_tags.collection_id', 'in', collectionIds)
        .where('document_tags.tag', 'in', filters.tags),
    );
  }
  const rows = await query.where('documents.chunk_count', '>', 0).execute();
  const documents = new Map<string, ScopeDocument[]>();
  for (const { id, collection_id, first_ordinal, chunk_count } of rows) {
    const list = documents.get(collection_id) ?? [];
    list.push({ id, firstOrdinal: first_ordinal, chunkCount: chunk_count });
    documents.set(collection_id, list);
  }
  return collections
    .filter(({ id }) => documents.has(id))
    .map(({ no, id, generation }) => ({
      no,
      generation,
      documents: (documents.get(id) as ScopeDocument[]).sort((a, b) => a.firstOrdinal - b.firstOrdinal),
    }));
}

/** The contract takes any precision; rows have milliseconds. */
const asStored = (time: string): string => new Date(time).toISOString();

/** Languages of the documents in the collections, `und` for those without one. */
export async function languagesIn(db: Db, collectionNos: readonly number[]): Promise<string[]> {
  if (collectionNos.length === 0) return [];
  const rows = await db
    .selectFrom('documents')
    .innerJoin('collections', 'collections.id', 'documents.collection_id')
    .select(sql<string>`coalesce(documents.language, 'und')`.as('language'))
    .distinct()
    .where('collections.no', 'in', collectionNos)
    .where('documents.chunk_count', '>', 0)
    .execute();
  return rows.map(({ language }) => language).sort();
}
