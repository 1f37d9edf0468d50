import type { Insertable, Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import type { StoredFile } from '../ports/file-store.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Database, DocumentRow } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { bumpGeneration, findDocument, type StoredDocument, startOver } from './document-progress.ts';
import { newId, now } from './ids.ts';
import { createTask, extendTask } from './tasks.ts';
import { titled } from './title-key.ts';

export interface TakenFile {
  readonly collectionId: string;
  /** As uploaded; it is only ever shown. */
  readonly filename: string;
  /** Absent: the document's own title, or its file name. */
  readonly title?: string;
  readonly tags?: readonly string[];
  /** As claimed by the client, until the content has been looked at. */
  readonly mimeType?: string;
  readonly sourceUrl?: string;
  readonly stored: StoredFile;
}

export interface Taken {
  /** Null when there is nothing to do: every file was there already. */
  readonly taskId: string | null;
  /** In the order of the files. */
  readonly documents: readonly TakenDocument[];
}

export interface TakenDocument {
  readonly row: StoredDocument;
  /**
   * The same bytes were in the collection. Unless the row uses the new file's key, that file is of no use to
   * anyone: the caller removes it.
   */
  readonly duplicate: boolean;
  /** The user's task that works or worked on it; null where only others' did. */
  readonly taskId: string | null;
}

/** One file that somebody waits for goes before the files of a batch. */
const SINGLE_PRIORITY = 1;

/** What a document is called when neither its uploader nor its content says. */
export const titleFromFilename = (filename: string): string => {
  const stem = filename.replace(/\.[A-Za-z0-9]{1,8}$/, '').trim();
  return stem === '' ? filename : stem;
};

/**
 * Takes files in: rows, task, items and jobs in one transaction. A file whose bytes are in its collection
 * already is answered with what is there, and read again if it had failed.
 */
export function takeIn(
  db: Kysely<Database>,
  queue: JobQueue,
  { userId, files }: { userId: string; files: readonly TakenFile[] },
): Promise<Taken> {
  return db.transaction().execute(async (tx) => {
    await needCollections(tx, [...new Set(files.map(({ collectionId }) => collectionId))]);
    const known = await sameContents(tx, files);
    const fresh = new Map<string, TakenFile>();
    for (const file of files)
      if (!known.has(contentOf(file))) fresh.set(contentOf(file), fresh.get(contentOf(file)) ?? file);
    const inserted = await insertDocuments(tx, userId, [...fresh.values()]);
    const queued = new Set(inserted.keys());
    for (const file of files) {
      const row = known.get(contentOf(file));
      if (row?.status !== 'failed') continue;
      known.set(contentOf(file), await retry(tx, queue, row, file.stored));
      queued.add(contentOf(file));
    }
    const rows = new Map([...known, ...inserted]);
    const toRead = [...queued].map((content) => rows.get(content) as StoredDocument);
    const taskId =
      toRead.length === 0 ? null : await createTask(tx, { userId, kind: 'ingest', documents: toRead });
    for (const row of toRead)
      await enqueueIngest(tx, queue, row.id, files.length === 1 ? SINGLE_PRIORITY : 0);

    const documents: TakenDocument[] = [];
    for (const file of files) {
      const row = rows.get(contentOf(file)) as StoredDocument;
      documents.push({
        row,
        duplicate: fresh.get(contentOf(file)) !== file,
        taskId: queued.has(contentOf(file)) ? taskId : await latestTask(tx, userId, row.id),
      });
    }
    return { taskId, documents };
  });
}

const contentOf = ({ collectionId, stored }: TakenFile): string => `${collectionId} ${stored.sha256}`;

/** One may have been deleted since the caller's rights were looked up. @throws AppError NOT_FOUND */
async function needCollections(tx: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const there = await tx.selectFrom('collections').select('id').where('id', 'in', ids).execute();
  if (there.length < ids.length) throw new AppError('NOT_FOUND', 'The collection is not there any more.');
}

/** The documents that hold what these files hold, by content. */
async function sameContents(
  tx: Transaction,
  files: readonly TakenFile[],
): Promise<Map<string, StoredDocument>> {
  const found = new Map<string, StoredDocument>();
  for (const collectionId of new Set(files.map((file) => file.collectionId))) {
    const hashes = files
      .filter((file) => file.collectionId === collectionId)
      .map(({ stored }) => stored.sha256);
    const rows = await tx
      .selectFrom('documents')
      .selectAll()
      .where('collection_id', '=', collectionId)
      .where('sha256', 'in', hashes)
      .execute();
    for (const row of rows) found.set(`${collectionId} ${row.sha256}`, row);
  }
  return found;
}

const enqueueIngest = (
  tx: Transaction,
  queue: JobQueue,
  documentId: string,
  priority: number,
): Promise<string> => queue.enqueue(tx, { kind: 'ingest', documentId, payload: { documentId }, priority });

/** Rows of one statement: SQLite takes 32,766 parameters. */
const ROWS_AT_ONCE = 100;

/** @param files of different contents. @returns the rows by content, in the order of the files. */
async function insertDocuments(
  tx: Transaction,
  userId: string,
  files: readonly TakenFile[],
): Promise<Map<string, StoredDocument>> {
  const time = now();
  const inserted = new Map<string, StoredDocument>();
  for (let from = 0; from < files.length; from += ROWS_AT_ONCE) {
    const some = files.slice(from, from + ROWS_AT_ONCE);
    const rows = await tx
      .insertInto('documents')
      .values(some.map((file) => newDocument(userId, file, time)))
      .returningAll()
      .execute();
    const byContent = new Map(rows.map((row) => [`${row.collection_id} ${row.sha256}`, row]));
    for (const file of some) inserted.set(contentOf(file), byContent.get(contentOf(file)) as StoredDocument);
  }
  const counts = new Map<string, number>();
  for (const row of inserted.values()) {
    counts.set(row.collection_id, (counts.get(row.collection_id) ?? 0) + 1);
    const tags = (JSON.parse(row.tags) as string[]).map((tag) => ({
      document_id: row.id,
      collection_id: row.collection_id,
      tag,
    }));
    if (tags.length > 0) await tx.insertInto('document_tags').values(tags).execute();
  }
  for (const [collectionId, count] of counts) await countDocuments(tx, collectionId, count);
  return inserted;
}

const newDocument = (userId: string, file: TakenFile, time: string): Insertable<DocumentRow> => ({
  id: newId(),
  collection_id: file.collectionId,
  owner_id: userId,
  ...titled(file.title ?? titleFromFilename(file.filename)),
  filename: file.filename,
  mime_type: file.mimeType ?? 'application/octet-stream',
  size_bytes: file.stored.sizeBytes,
  sha256: file.stored.sha256,
  storage_key: file.stored.key,
  source_url: file.sourceUrl ?? null,
  status: 'queued',
  error_code: null,
  error_detail: null,
  tags: JSON.stringify([...new Set(file.tags ?? [])].sort()),
  language: null,
  page_count: 0,
  token_count: 0,
  revision: 0,
  first_ordinal: 0,
  chunk_count: 0,
  created_at: time,
  updated_at: time,
  ready_at: null,
});

async function countDocuments(tx: Transaction, collectionId: string, change: number): Promise<void> {
  await tx
    .updateTable('collections')
    .set(({ eb }) => ({ document_count: eb('document_count', '+', change), updated_at: now() }))
    .where('id', '=', collectionId)
    .execute();
}

async function retry(
  tx: Transaction,
  queue: JobQueue,
  row: StoredDocument,
  stored: StoredFile,
): Promise<StoredDocument> {
  // the new bytes take the place of an original that was lost
  await startOver(tx, queue, row, row.error_code === 'FILE_MISSING' ? { storage_key: stored.key } : {});
  return (await findDocument(tx, row.id)) as StoredDocument;
}

async function latestTask(tx: Transaction, userId: string, documentId: string): Promise<string | null> {
  const item = await tx
    .selectFrom('task_items')
    .innerJoin('tasks', 'tasks.id', 'task_items.task_id')
    .select('task_id')
    .where('document_id', '=', documentId)
    .where('user_id', '=', userId)
    .orderBy('task_id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return item?.task_id ?? null;
}

/**
 * Reads documents again. A ready one is served by what it has until the new revision is complete; one that is
 * being worked on is followed to its end.
 * @param into a task of the user that takes them in; absent: a new one.
 * @throws AppError NOT_FOUND when one of them does not exist.
 */
export function reindex(
  db: Kysely<Database>,
  queue: JobQueue,
  userId: string,
  documentIds: readonly string[],
  into?: string,
): Promise<string> {
  return db.transaction().execute(async (tx) => {
    const documents: StoredDocument[] = [];
    for (const id of documentIds) {
      const document = await findDocument(tx, id);
      if (document === undefined) throw new AppError('NOT_FOUND', 'There is no such document.');
      documents.push(document);
      const beingBuilt =
        document.status !== 'failed' && (document.status !== 'ready' || (await isFollowed(tx, id)));
      if (beingBuilt) continue;
      if (document.status === 'failed') await startOver(tx, queue, document);
      await enqueueIngest(tx, queue, id, documentIds.length === 1 ? SINGLE_PRIORITY : 0);
    }
    if (into === undefined) return createTask(tx, { userId, kind: 'reindex', documents });
    await extendTask(tx, into, documents);
    return into;
  });
}

/** An unfinished item stands for a job that waits or runs. */
async function isFollowed(tx: Transaction, documentId: string): Promise<boolean> {
  const item = await tx
    .selectFrom('task_items')
    .select('task_id')
    .where('document_id', '=', documentId)
    .where('status', 'in', ['queued', 'processing'])
    .limit(1)
    .executeTakeFirst();
  return item !== undefined;
}

/**
 * Puts a document into another collection. Who sees only the old one loses it at once; in the new one it is
 * found when it has been indexed there.
 * @throws AppError NOT_FOUND, or CONFLICT when the collection holds the same bytes already.
 */
export async function moveDocument(
  db: Kysely<Database>,
  queue: JobQueue,
  documentId: string,
  collectionId: string,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const document = await findDocument(tx, documentId);
    if (document === undefined) throw new AppError('NOT_FOUND', 'There is no such document.');
    if (document.collection_id === collectionId) return;
    await needCollections(tx, [collectionId]);
    const same = await tx
      .selectFrom('documents')
      .select('id')
      .where('collection_id', '=', collectionId)
      .where('sha256', '=', document.sha256)
      .executeTakeFirst();
    if (same !== undefined) {
      throw new AppError('CONFLICT', 'The collection holds a document with the same content already.');
    }
    await queue.cancel(tx, documentId);
    await startOver(tx, queue, document, { collection_id: collectionId });
    await tx
      .updateTable('document_tags')
      .set({ collection_id: collectionId })
      .where('document_id', '=', documentId)
      .execute();
    await countDocuments(tx, document.collection_id, -1);
    await countDocuments(tx, collectionId, 1);
    if (document.chunk_count === 0) await bumpGeneration(tx, document.collection_id);
    await bumpGeneration(tx, collectionId);
    await enqueueIngest(tx, queue, documentId, SINGLE_PRIORITY);
  });
}
