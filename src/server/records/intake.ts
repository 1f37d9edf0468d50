import type { Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import type { StoredFile } from '../ports/file-store.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Database } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { bumpGeneration, findDocument, type StoredDocument, startOver } from './document-progress.ts';
import { newId, now } from './ids.ts';
import { createTask } from './tasks.ts';

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
  /** The task that works or worked on it. */
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
    const documents: { row: StoredDocument; duplicate: boolean; queued: boolean }[] = [];
    for (const file of files) {
      const known = documents.findIndex(
        ({ row }) => row.collection_id === file.collectionId && row.sha256 === file.stored.sha256,
      );
      const row =
        known === -1 ? await sameContent(tx, file.collectionId, file.stored.sha256) : documents[known]?.row;
      if (row === undefined)
        documents.push({ row: await insertDocument(tx, userId, file), duplicate: false, queued: true });
      else if (row.status !== 'failed') documents.push({ row, duplicate: true, queued: false });
      else documents.push({ row: await retry(tx, queue, row, file.stored), duplicate: true, queued: true });
    }
    const queued = documents.filter((document) => document.queued).map(({ row }) => row);
    const taskId =
      queued.length === 0 ? null : await createTask(tx, { userId, kind: 'ingest', documents: queued });
    for (const row of queued)
      await enqueueIngest(tx, queue, row.id, files.length === 1 ? SINGLE_PRIORITY : 0);
    const answers: TakenDocument[] = [];
    for (const { row, duplicate } of documents) {
      const own = queued.some(({ id }) => id === row.id);
      answers.push({ row, duplicate, taskId: own ? taskId : await latestTask(tx, row.id) });
    }
    return { taskId, documents: answers };
  });
}

const sameContent = (
  tx: Transaction,
  collectionId: string,
  sha256: string,
): Promise<StoredDocument | undefined> =>
  tx
    .selectFrom('documents')
    .selectAll()
    .where('collection_id', '=', collectionId)
    .where('sha256', '=', sha256)
    .executeTakeFirst();

const enqueueIngest = (
  tx: Transaction,
  queue: JobQueue,
  documentId: string,
  priority: number,
): Promise<string> => queue.enqueue(tx, { kind: 'ingest', documentId, payload: { documentId }, priority });

async function insertDocument(tx: Transaction, userId: string, file: TakenFile): Promise<StoredDocument> {
  const time = now();
  const tags = [...new Set(file.tags ?? [])].sort();
  const row = await tx
    .insertInto('documents')
    .values({
      id: newId(),
      collection_id: file.collectionId,
      owner_id: userId,
      title: file.title ?? titleFromFilename(file.filename),
      filename: file.filename,
      mime_type: file.mimeType ?? 'application/octet-stream',
      size_bytes: file.stored.sizeBytes,
      sha256: file.stored.sha256,
      storage_key: file.stored.key,
      source_url: file.sourceUrl ?? null,
      status: 'queued',
      error_code: null,
      error_detail: null,
      tags: JSON.stringify(tags),
      language: null,
      page_count: 0,
      token_count: 0,
      revision: 0,
      first_ordinal: 0,
      chunk_count: 0,
      created_at: time,
      updated_at: time,
      ready_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  for (const tag of tags) {
    await tx
      .insertInto('document_tags')
      .values({ document_id: row.id, collection_id: row.collection_id, tag })
      .execute();
  }
  await countDocuments(tx, row.collection_id, 1);
  return row;
}

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

async function latestTask(tx: Transaction, documentId: string): Promise<string | null> {
  const item = await tx
    .selectFrom('task_items')
    .select('task_id')
    .where('document_id', '=', documentId)
    .orderBy('task_id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return item?.task_id ?? null;
}

/**
 * Reads documents again. A ready one is served by what it has until the new revision is complete; one that is
 * being worked on is followed to its end.
 * @throws AppError NOT_FOUND when one of them does not exist.
 */
export function reindex(
  db: Kysely<Database>,
  queue: JobQueue,
  userId: string,
  documentIds: readonly string[],
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
    return createTask(tx, { userId, kind: 'reindex', documents });
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
    if ((await sameContent(tx, collectionId, document.sha256)) !== undefined) {
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
