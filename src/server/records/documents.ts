import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { ListPage } from '../../contract/common.ts';
import type { Document, SortKey } from '../../contract/documents.ts';
import type { ErrorCode } from '../../contract/errors.ts';
import { makeItemError } from '../../contract/make-problem.ts';
import { AppError } from '../errors.ts';
import type { Database, DocumentRow } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { chunkId } from './chunk-id.ts';
import { isPostgres, likeWord } from './dialect.ts';
import { now } from './ids.ts';
import { decodeCursor, encodeCursor } from './listing.ts';
import { titled } from './title-key.ts';
import { withProgress } from './with-progress.ts';

type Db = Kysely<Database>;
export type StoredDocument = Selectable<DocumentRow>;
type Condition = RawBuilder<unknown>;

export function toDocument(row: StoredDocument): Document {
  return {
    id: row.id,
    collectionId: row.collection_id,
    title: row.title,
    filename: row.filename,
    mimeType: row.mime_type,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    status: row.status,
    ...(row.status === 'failed' && row.error_code !== null
      ? { error: makeItemError(row.error_code as ErrorCode, row.error_detail ?? '') }
      : {}),
    pages: row.page_count,
    chunks: row.chunk_count,
    tokens: row.token_count,
    tags: row.tags === '[]' ? [] : (JSON.parse(row.tags) as string[]),
    language: row.language,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    readyAt: row.ready_at,
  };
}

/**
 * The document, when the user may see it.
 *
 * @throws AppError NOT_FOUND when it is not there or not the user's to see, FORBIDDEN when the user may see it
 * but `need` is more.
 */
export async function needDocument(
  db: Db,
  userId: string,
  documentId: string,
  need: 'viewer' | 'editor',
): Promise<StoredDocument> {
  const found = await db
    .selectFrom('documents as d')
    .innerJoin('collections as c', 'c.id', 'd.collection_id')
    .leftJoin('collection_members as m', (join) =>
      join.onRef('m.collection_id', '=', 'c.id').on('m.user_id', '=', userId),
    )
    .selectAll('d')
    .select(['c.owner_id as collection_owner', 'm.role as member_role'])
    .where('d.id', '=', documentId)
    .where((either) => either.or([either('c.owner_id', '=', userId), either('m.user_id', 'is not', null)]))
    .executeTakeFirst();
  if (found === undefined) throw new AppError('NOT_FOUND', 'There is no such document.');
  const { collection_owner, member_role, ...row } = found;
  if (need === 'editor' && collection_owner !== userId && member_role !== 'editor')
    throw new AppError('FORBIDDEN', 'You may read this collection, but not change it.');
  return row;
}

export interface DocumentsQuery {
  readonly collectionId?: string | undefined;
  /** Words that all must stand in the title or the file name; parts of words count. */
  readonly q?: string | undefined;
  readonly status?: DocumentRow['status'] | undefined;
  readonly mimeType?: string | undefined;
  readonly tag?: string | undefined;
  readonly sort?: readonly { key: SortKey; descending: boolean }[] | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const COLUMNS = {
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  title: 'title_key',
  sizeBytes: 'size_bytes',
} as const satisfies Record<SortKey, keyof DocumentRow>;

const NEWEST_FIRST = [{ key: 'createdAt', descending: true }] as const satisfies DocumentsQuery['sort'];

/** Above it one index scan over all collections and a sort are cheaper than a statement of so many parts. */
const MAX_BRANCHES = 100;

/**
 * A page of the documents that the user may see. Pages follow each other by the sort keys of their last
 * document, so that documents which come or go meanwhile shift nothing.
 *
 * @throws AppError NOT_FOUND for a collection that the user may not see, INVALID_CURSOR.
 */
export async function listDocuments(
  db: Db,
  userId: string,
  query: DocumentsQuery,
): Promise<ListPage<Document>> {
  const order = new Order(query.sort ?? NEWEST_FIRST, passedOver(db));
  const after = query.cursor === undefined ? undefined : order.after(query.cursor);
  const collections = await visibleCollections(db, userId, query.collectionId);
  if (collections.length === 0) return { items: [], nextCursor: null, total: 0 };
  const documents = collections.reduce((sum, { document_count }) => sum + document_count, 0);
  const ids = collections.map(({ id }) => id);
  const plain = [
    ...(query.status === undefined ? [] : [sql`status = ${query.status}`]),
    ...(query.mimeType === undefined ? [] : [sql`mime_type = ${query.mimeType}`]),
    ...(query.q === undefined ? [] : await matches(db, query.q, documents)),
  ];
  const { tag } = query;
  const withTag = tag === undefined ? documents : await countTagged(db, ids, tag);
  const byTag = withTag * RARE < documents;
  const filters = (way: 'by tag' | 'by look') => [
    ...plain,
    ...(tag === undefined ? [] : [tagged(tag, way === 'by tag' ? ids : undefined)]),
  ];
  const counted = byTag ? 'by tag' : 'by look';
  const total =
    plain.length === 0
      ? withTag
      : await count(db, [within(ids, byTag ? passedOver(db) : ''), ...filters(counted)]);
  // few are sorted; of many, the first ones in the order of an index soon come by
  const sorted = query.q === undefined && total * total < (query.limit + 1) * documents;
  const rows =
    total === 0
      ? []
      : await readPage(db, {
          // the words are looked up once, not once for every collection
          branches:
            query.q === undefined && !sorted && ids.length <= MAX_BRANCHES
              ? ids.map((id) => within([id]))
              : [within(ids, sorted && byTag ? passedOver(db) : '')],
          conditions: [...filters(sorted ? counted : 'by look'), ...(after === undefined ? [] : [after])],
          by: sorted ? order.sorted : order.by,
          limit: query.limit + 1,
        });
  const last = rows.length > query.limit ? rows[query.limit - 1] : undefined;
  return {
    items: await withProgress(db, userId, rows.slice(0, query.limit).map(toDocument)),
    nextCursor: last === undefined ? null : order.cursor(last),
    total,
  };
}

/** A tag of fewer than one document in so many is asked for first: looking up a row takes that much longer than passing it. */
const RARE = 4;

/** @param ids the collections, when the tag's documents are to be looked up; else each document is looked at. */
const tagged = (tag: string, ids: readonly string[] | undefined): Condition =>
  ids === undefined
    ? sql`exists (select 1 from document_tags t where t.document_id = documents.id and t.tag = ${tag})`
    : sql`id in (select document_id from document_tags where ${within(ids)} and tag = ${tag})`;

async function countTagged(db: Db, ids: readonly string[], tag: string): Promise<number> {
  const { rows } = await sql<{ total: number }>`
    select count(*) as total from document_tags where ${within(ids)} and tag = ${tag}`.execute(db);
  return rows[0]?.total ?? 0;
}

/** The user's own collections and those shared with them. @throws AppError NOT_FOUND when `collectionId` is none. */
export async function visibleCollections(db: Db, userId: string, collectionId: string | undefined) {
  const only = collectionId === undefined ? sql`` : sql`and c.id = ${collectionId}`;
  const { rows } = await sql<{ id: string; document_count: number }>`
    select c.id, c.document_count from collections c where c.owner_id = ${userId} ${only}
    union all
    select c.id, c.document_count from collection_members m join collections c on c.id = m.collection_id
    where m.user_id = ${userId} and c.owner_id <> ${userId} ${only}`.execute(db);
  if (collectionId !== undefined && rows.length === 0)
    throw new AppError('NOT_FOUND', 'There is no such collection.');
  return rows;
}

async function readPage(
  db: Db,
  {
    branches,
    conditions,
    by,
    limit,
  }: {
    /** Which collections each holds. */
    readonly branches: readonly Condition[];
    readonly conditions: readonly Condition[];
    readonly by: Condition;
    readonly limit: number;
  },
): Promise<StoredDocument[]> {
  const branch = (collections: Condition, columns: Condition) =>
    sql`select ${columns} from documents where ${all([collections, ...conditions])} order by ${by} limit ${limit}`;
  const [first, ...others] = branches;
  if (first !== undefined && others.length === 0) {
    return (await sql<StoredDocument>`${branch(first, sql`*`)}`.execute(db)).rows;
  }
  // each collection gives its first ones from an index; only those few are put in order
  const nos = branches.map((collections) => sql`select no from (${branch(collections, sql`no`)})`);
  const { rows } = await sql<StoredDocument>`
    select * from documents where no in (${sql.join(nos, sql` union all `)})
    order by ${by} limit ${limit}`.execute(db);
  return rows;
}

async function count(db: Db, conditions: readonly Condition[]): Promise<number> {
  const { rows } = await sql<{ total: number }>`
    select count(*) as total from documents where ${all(conditions)}`.execute(db);
  return rows[0]?.total ?? 0;
}

const all = (conditions: readonly Condition[]) => sql.join(conditions, sql` and `);

/**
 * Before a column for which no index shall be taken: SQLite takes none for what has a plus before it. PostgreSQL
 * chooses by its own statistics.
 */
const passedOver = (db: Db): Sign => (isPostgres(db) ? '' : '+');
type Sign = '' | '+';

/** @param sign of `passedOver` when another condition finds the rows. */
const within = (ids: readonly string[], sign: Sign = '') => {
  const column = sql.raw(`${sign}collection_id`);
  return ids.length === 1 ? sql`${column} = ${ids[0]}` : sql`${column} in (${sql.join(ids)})`;
};

/**
 * Looking through the user's own titles takes about 1 µs a document, the trigram index about as much for each
 * match among everybody's: the index is asked where the user has a good part of all there is, so that a
 * search costs nobody more because others have more.
 */
async function matches(db: Db, q: string, documents: number): Promise<Condition[]> {
  const words = q.toWellFormed().normalize('NFC').replaceAll('\0', ' ').split(/\s+/u).filter(Boolean);
  const long = words.filter((word) => [...word].length >= 3);
  const standsInName = standsIn(db);
  // PostgreSQL weighs its own trigram index against the user's titles
  if (long.length === 0 || documents < SCANNED_ALWAYS || isPostgres(db)) return words.map(standsInName);
  const { rows } = await sql<{ all: number }>`select coalesce(max(no), 0) as "all" from documents`.execute(
    db,
  );
  if (documents < (rows[0]?.all ?? 0) / 4) return words.map(standsInName);
  const phrases = long.map((word) => `"${word.replaceAll('"', '""')}"`).join(' AND ');
  return [
    sql`no in (select rowid from documents_fts where documents_fts match ${phrases})`,
    ...words.filter((word) => !long.includes(word)).map(standsInName),
  ];
}

const SCANNED_ALWAYS = 500;

/** ASCII letters are compared in either case; words in other letters are tried in their usual spellings. */
const standsIn =
  (db: Db) =>
  (word: string): Condition => {
    const like = likeWord(db);
    const [first = '', ...others] = word.toLowerCase();
    const spellings = new Set([
      word.toLowerCase(),
      word.toUpperCase(),
      first.toUpperCase() + others.join(''),
    ]);
    const ascii = /^[\x20-\x7e]*$/.test(word);
    const columns = (ascii ? [word] : [word, ...spellings]).flatMap((spelling) => {
      const pattern = `%${spelling.replace(/[%_\\]/g, '\\$&')}%`;
      return [sql`title ${like} ${pattern} escape '\\'`, sql`filename ${like} ${pattern} escape '\\'`];
    });
    return sql`(${sql.join(columns, sql` or `)})`;
  };

/** A total order: the keys asked for, then the id, in the direction of the first key as the indexes run. */
class Order {
  readonly #parts: readonly { column: (typeof COLUMNS)[SortKey] | 'id'; descending: boolean }[];

  readonly #passedOver: Sign;

  constructor(sort: NonNullable<DocumentsQuery['sort']>, passedOver: Sign) {
    this.#passedOver = passedOver;
    this.#parts = [
      ...sort.map(({ key, descending }) => ({ column: COLUMNS[key], descending })),
      { column: 'id', descending: sort[0]?.descending ?? false },
    ];
  }

  get by(): Condition {
    return this.#by('');
  }

  /** The same order, and no reason to read the rows by an index that has it. */
  get sorted(): Condition {
    return this.#by(this.#passedOver);
  }

  #by(sign: Sign): Condition {
    return sql.join(
      this.#parts.map(
        ({ column, descending }) =>
          sql`${sql.raw(sign)}${sql.ref(column)} ${sql.raw(descending ? 'desc' : 'asc')}`,
      ),
    );
  }

  get #name(): string {
    return this.#parts.map(({ column, descending }) => (descending ? '-' : '') + column).join();
  }

  cursor(row: StoredDocument): string {
    return encodeCursor([this.#name, ...this.#parts.map(({ column }) => row[column])]);
  }

  /** What comes after the place that the cursor names. The first key stands alone too, for the index. */
  after(cursor: string): Condition {
    const place = this.#read(cursor);
    let rest = sql`false`;
    for (const [at, { column, descending }] of [...this.#parts.entries()].reverse()) {
      const [name, value] = [sql.ref(column), place[at]];
      const beyond = sql`${name} ${sql.raw(descending ? '<' : '>')} ${value}`;
      rest =
        column === 'id'
          ? beyond
          : sql`${name} ${sql.raw(descending ? '<=' : '>=')} ${value} and (${beyond} or (${rest}))`;
    }
    return sql`(${rest})`;
  }

  #read(cursor: string): unknown[] {
    const [name, ...place] = decodeCursor(cursor, this.#parts.length + 1);
    const fits = this.#parts.every(
      ({ column }, at) => typeof place[at] === (column === 'size_bytes' ? 'number' : 'string'),
    );
    if (name !== this.#name || !fits) throw invalidCursor();
    return place;
  }
}

const invalidCursor = () =>
  new AppError('INVALID_CURSOR', 'The cursor does not belong to this list. Begin again without it.');

export interface ListedChunk {
  readonly id: string;
  readonly page: number;
  readonly start: number;
  readonly end: number;
  readonly headingPath: string[];
  readonly text: string;
}

/** The chunks of the document's visible revision, in order of the text. @throws AppError INVALID_CURSOR */
export async function listChunks(
  db: Db,
  document: StoredDocument,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<ListPage<ListedChunk>> {
  if (cursor !== undefined && !/^\d{1,9}$/.test(cursor)) throw invalidCursor();
  const rows = await db
    .selectFrom('chunks')
    .select(['key', 'seq', 'page', 'start', 'end', 'heading_path', 'text'])
    .where('document_id', '=', document.id)
    .where('revision', '=', document.revision)
    .where('seq', '>', cursor === undefined ? -1 : Number(cursor))
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map(({ key, page, start, end, heading_path, text }) => ({
      id: chunkId(document.id, key),
      page,
      start,
      end,
      headingPath: JSON.parse(heading_path) as string[],
      text,
    })),
    nextCursor: last === undefined ? null : String(last.seq),
    total: document.chunk_count,
  };
}

/** Changes what people say about a document. Filters and results see it, so the collection's generation grows. */
export async function describeDocument(
  tx: Transaction,
  document: Pick<StoredDocument, 'id' | 'collection_id'>,
  { title, tags }: { title?: string | undefined; tags?: readonly string[] | undefined },
): Promise<void> {
  const sorted = tags === undefined ? undefined : [...new Set(tags)].sort();
  const changed = await tx
    .updateTable('documents')
    .set({
      ...(title === undefined ? {} : titled(title)),
      ...(sorted === undefined ? {} : { tags: JSON.stringify(sorted) }),
      updated_at: now(),
    })
    .where('id', '=', document.id)
    .executeTakeFirst();
  if (changed.numUpdatedRows === 0n) throw new AppError('NOT_FOUND', 'There is no such document.');
  if (sorted !== undefined) {
    await tx.deleteFrom('document_tags').where('document_id', '=', document.id).execute();
    if (sorted.length > 0) {
      await tx
        .insertInto('document_tags')
        .values(
          sorted.map((tag) => ({ document_id: document.id, collection_id: document.collection_id, tag })),
        )
        .execute();
    }
  }
  await tx
    .updateTable('collections')
    .set((the) => ({ generation: the('generation', '+', 1) }))
    .where('id', '=', document.collection_id)
    .execute();
}

/** Bytes of all files that the user uploaded and that are still there. */
export async function usedBytes(db: Db, userId: string): Promise<number> {
  const found = await db
    .selectFrom('documents')
    .select((the) => the.fn.sum<number | null>('size_bytes').as('bytes'))
    .where('owner_id', '=', userId)
    .executeTakeFirst();
  return Number(found?.bytes ?? 0);
}
