import type { Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Database } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { bumpGeneration, dropRevisions, findDocument, type StoredDocument } from './document-progress.ts';
import { forgetIdempotent } from './idempotency.ts';
import { now } from './ids.ts';
import { finishItems } from './tasks.ts';

/** Of one statement: SQLite takes 32,766 parameters. */
const IDS_AT_ONCE = 1000;

/**
 * Removal in one small transaction: the row is gone and nothing of the document is found from its commit on.
 * A job then removes what is stored.
 * @returns the tasks that followed it and go on without it.
 * @throws AppError NOT_FOUND
 */
export async function removeDocument(
  db: Kysely<Database>,
  queue: JobQueue,
  documentId: string,
): Promise<string[]> {
  return db.transaction().execute(async (tx) => {
    const document = await findDocument(tx, documentId);
    if (document === undefined) throw new AppError('NOT_FOUND', 'There is no such document.');
    return removeRow(tx, queue, document);
  });
}

async function removeRow(tx: Transaction, queue: JobQueue, document: StoredDocument): Promise<string[]> {
  await queue.cancel(tx, document.id);
  const tasks = await finishItems(tx, document.id, { status: 'cancelled' });
  await dropRevisions(tx, queue, document.id);
  await tx.deleteFrom('documents').where('id', '=', document.id).execute();
  await tx
    .updateTable('collections')
    .set(({ eb }) => ({ document_count: eb('document_count', '-', 1), updated_at: now() }))
    .where('id', '=', document.collection_id)
    .execute();
  await bumpGeneration(tx, document.collection_id);
  await queue.enqueue(tx, { kind: 'purge', payload: { storageKey: document.storage_key } });
  return tasks;
}

/** Removes a collection with all its documents. @throws AppError NOT_FOUND */
export async function removeCollection(
  db: Kysely<Database>,
  queue: JobQueue,
  collectionId: string,
): Promise<void> {
  await db.transaction().execute((tx) => removeCollectionRow(tx, queue, collectionId));
}

async function removeCollectionRow(tx: Transaction, queue: JobQueue, collectionId: string): Promise<void> {
  const collection = await tx
    .selectFrom('collections')
    .select(['no', 'next_ordinal'])
    .where('id', '=', collectionId)
    .executeTakeFirst();
  if (collection === undefined) throw new AppError('NOT_FOUND', 'There is no such collection.');
  const documents = await tx
    .selectFrom('documents')
    .select('storage_key')
    .where('collection_id', '=', collectionId)
    .execute();
  for (const id of await beingWorkedOn(tx, collectionId)) {
    await queue.cancel(tx, id);
    await finishItems(tx, id, { status: 'cancelled' });
  }
  await tx.deleteFrom('documents').where('collection_id', '=', collectionId).execute();
  await tx.deleteFrom('collections').where('id', '=', collectionId).execute();
  // its number is never used again, so that its ranges need no tombstones
  await queue.enqueue(tx, {
    kind: 'purge-collection',
    payload: {
      collectionNo: collection.no,
      ordinals: Number(collection.next_ordinal),
      storageKeys: documents.map(({ storage_key }) => storage_key),
    },
  });
}

async function beingWorkedOn(tx: Transaction, collectionId: string): Promise<string[]> {
  const unready = await tx
    .selectFrom('documents')
    .select('id')
    .where('collection_id', '=', collectionId)
    .where('status', 'in', ['queued', 'parsing', 'embedding'])
    .execute();
  const rebuilt = await tx
    .selectFrom('task_items')
    .innerJoin('documents', 'documents.id', 'task_items.document_id')
    .select('documents.id')
    .distinct()
    .where('documents.collection_id', '=', collectionId)
    .where('task_items.status', 'in', ['queued', 'processing'])
    .execute();
  return [...new Set([...unready, ...rebuilt].map(({ id }) => id))];
}

/**
 * Removes an account with all its data: its collections, what it uploaded into those of others, its sessions,
 * keys, conversations, tasks and usage, and the names of its files in the tasks of others. The audit log keeps that
 * an account with this id was there and what it did, and nothing else of it.
 * @throws AppError NOT_FOUND
 */
export async function removeUser(db: Kysely<Database>, queue: JobQueue, userId: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const collections = await tx
      .selectFrom('collections')
      .select('id')
      .where('owner_id', '=', userId)
      .execute();
    const documents = await tx
      .selectFrom('documents')
      .select('id')
      .where(({ or, eb }) =>
        or([
          eb('owner_id', '=', userId),
          eb(
            'collection_id',
            'in',
            collections.map(({ id }) => id),
          ),
        ]),
      )
      .execute();
    for (const { id } of collections) await removeCollectionRow(tx, queue, id);
    const elsewhere = await tx.selectFrom('documents').selectAll().where('owner_id', '=', userId).execute();
    for (const document of elsewhere) await removeRow(tx, queue, document);
    for (let from = 0; from < documents.length; from += IDS_AT_ONCE) {
      const ids = documents.slice(from, from + IDS_AT_ONCE).map(({ id }) => id);
      await tx.deleteFrom('task_items').where('document_id', 'in', ids).execute();
    }
    await tx.deleteFrom('usage').where('user_id', '=', userId).execute();
    await forgetIdempotent(tx, userId);
    await tx.updateTable('audit').set({ detail: null, ip: null }).where('actor_id', '=', userId).execute();
    const removed = await tx.deleteFrom('users').where('id', '=', userId).executeTakeFirst();
    if (Number(removed.numDeletedRows) === 0) throw new AppError('NOT_FOUND', 'There is no such account.');
  });
}
