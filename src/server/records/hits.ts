import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import {
  type ChunkKey,
  collectionNoOf,
  ordinalOf,
  type ScopeDocument,
  type SearchScope,
} from '../ports/search-scope.ts';

/** A chunk with what is shown of it and of its document. */
export interface FoundChunk {
  readonly key: ChunkKey;
  readonly documentId: string;
  readonly collectionId: string;
  readonly revision: number;
  readonly title: string;
  readonly language: string;
  readonly page: number;
  readonly start: number;
  readonly end: number;
  readonly headingPath: readonly string[];
  readonly text: string;
  /** Column names of the table that it begins in the middle of. */
  readonly tableHeader: string | null;
}

/**
 * The chunks behind the keys, in the order given. Only those that belong to the visible revision of a document
 * within the scope: an index may know a chunk a moment longer than its document lives.
 */
export async function loadChunks(
  db: Kysely<Database>,
  keys: readonly ChunkKey[],
  scope: SearchScope,
): Promise<FoundChunk[]> {
  const allowed = keys.filter((key) => isInScope(key, scope));
  if (allowed.length === 0) return [];
  const rows = await db
    .selectFrom('chunks')
    .innerJoin('documents', 'documents.id', 'chunks.document_id')
    .innerJoin('collections', 'collections.id', 'documents.collection_id')
    .select([
      'chunks.key',
      'chunks.page',
      'chunks.start',
      'chunks.end',
      'chunks.heading_path',
      'chunks.text',
      'chunks.table_header',
      'documents.id',
      'documents.collection_id',
      'documents.revision',
      'documents.title',
      'documents.language',
    ])
    .where('chunks.key', 'in', allowed)
    // the visible range of the document: a key outside it belongs to a revision that is gone, or not there yet
    .whereRef('chunks.revision', '=', 'documents.revision')
    .where(
      sql<boolean>`chunks.key between collections.no * 4294967296 + documents.first_ordinal and collections.no * 4294967296 + documents.first_ordinal + documents.chunk_count - 1`,
    )
    .execute();
  const byKey = new Map(rows.map((row) => [row.key, row]));
  return allowed.flatMap((key) => {
    const row = byKey.get(key);
    if (row === undefined) return [];
    return {
      key,
      documentId: row.id,
      collectionId: row.collection_id,
      revision: row.revision,
      title: row.title,
      language: row.language ?? 'und',
      page: row.page,
      start: row.start,
      end: row.end,
      headingPath: JSON.parse(row.heading_path) as string[],
      text: row.text,
      tableHeader: row.table_header,
    };
  });
}

function isInScope(key: ChunkKey, scope: SearchScope): boolean {
  const no = collectionNoOf(key);
  const collection = scope.collections.find((c) => c.no === no);
  if (collection === undefined) return false;
  if (collection.documents === undefined) return true;
  const document = lastFrom(collection.documents, ordinalOf(key));
  return document !== undefined && ordinalOf(key) < document.firstOrdinal + document.chunkCount;
}

/** The last document that begins at or before the ordinal; a filter may keep tens of thousands. */
function lastFrom(sorted: readonly ScopeDocument[], ordinal: number): ScopeDocument | undefined {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] as ScopeDocument).firstOrdinal <= ordinal) from = middle + 1;
    else to = middle;
  }
  return sorted[from - 1];
}
