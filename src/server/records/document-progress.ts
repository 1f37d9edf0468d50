import { type Kysely, type Selectable, sql } from 'kysely';
import type { ErrorCode } from '../../contract/errors.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Database, DocumentRow, RevisionRow } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { tokensAndPages } from './chunks.ts';
import { now } from './ids.ts';
import { titled } from './title-key.ts';

/**
 * How a document comes to be what a search sees. Its chunks belong to a revision with a range of ordinals of
 * its own. A document that nobody can find yet shows the revision being built; one that is `ready` keeps
 * showing the old one until the new one is complete, and switches in one transaction.
 */

export type StoredDocument = Selectable<DocumentRow>;

export const findDocument = (db: Kysely<Database>, documentId: string): Promise<StoredDocument | undefined> =>
  db.selectFrom('documents').selectAll().where('id', '=', documentId).executeTakeFirst();

export const findRevision = (
  db: Kysely<Database>,
  documentId: string,
  revision: number,
): Promise<RevisionRow | undefined> =>
  db
    .selectFrom('revisions')
    .selectAll()
    .where('document_id', '=', documentId)
    .where('revision', '=', revision)
    .executeTakeFirst();

/** Every cached answer from these collections is out of date from this transaction on. */
export async function bumpGeneration(tx: Transaction, collectionId: string): Promise<void> {
  await tx
    .updateTable('collections')
    .set(({ eb }) => ({ generation: eb('generation', '+', 1) }))
    .where('id', '=', collectionId)
    .execute();
}

/**
 * Lets go of a revision: invisible to every search from this transaction on, removed by a purge job.
 * Nothing may point to it any more.
 */
export async function dropRevision(tx: Transaction, queue: JobQueue, row: RevisionRow): Promise<void> {
  await tx
    .updateTable('revisions')
    .set({ dropped: 1 })
    .where('document_id', '=', row.document_id)
    .where('revision', '=', row.revision)
    .execute();
  await tx
    .insertInto('tombstones')
    .values({
      collection_no: row.collection_no,
      first_ordinal: row.first_ordinal,
      ordinal_count: row.chunk_count,
      purged: 0,
    })
    .execute();
  // not under the document's id: cancelling its work must not cancel its removal
  await queue.enqueue(tx, {
    kind: 'purge',
    payload: { documentId: row.document_id, revision: row.revision },
  });
}

/** Lets go of a document's revisions, all or all but the visible one. */
export async function dropRevisions(
  tx: Transaction,
  queue: JobQueue,
  documentId: string,
  keep?: number,
): Promise<void> {
  const rows = await tx
    .selectFrom('revisions')
    .selectAll()
    .where('document_id', '=', documentId)
    .where('dropped', '=', 0)
    .execute();
  for (const row of rows) if (row.revision !== keep) await dropRevision(tx, queue, row);
}

/** The build lost its right to write: the document was removed, cancelled, moved, or is built anew elsewhere. */
export class BuildSuperseded extends Error {
  override readonly name = 'BuildSuperseded';
}

async function fenced(tx: Transaction, documentId: string, build: number): Promise<StoredDocument> {
  const document = await findDocument(tx, documentId);
  if (document?.build_revision !== build)
    throw new BuildSuperseded(`revision ${build} of ${documentId} is no longer built`);
  return document;
}

/** Whether what is visible must stay until the new revision is complete. */
const isServing = (document: StoredDocument): boolean => document.status === 'ready';

/** What nobody is served by any more is taken out of sight and let go of. */
async function clear(
  tx: Transaction,
  queue: JobQueue,
  document: StoredDocument,
  change: Partial<StoredDocument>,
): Promise<void> {
  const serving = isServing(document);
  await dropRevisions(tx, queue, document.id, serving ? document.revision : undefined);
  await tx
    .updateTable('documents')
    .set({
      build_revision: document.build_revision + 1,
      updated_at: now(),
      ...(serving ? {} : { chunk_count: 0, ...change }),
    })
    .where('id', '=', document.id)
    .execute();
  if (!serving && document.chunk_count > 0) await bumpGeneration(tx, document.collection_id);
}

/**
 * Begins a new revision; what an earlier try left is let go of.
 * @returns the document and the number of the build, or undefined when the document is gone.
 */
export async function beginBuild(
  tx: Transaction,
  queue: JobQueue,
  documentId: string,
): Promise<{ document: StoredDocument; build: number } | undefined> {
  const document = await findDocument(tx, documentId);
  if (document === undefined) return undefined;
  await clear(tx, queue, document, { status: 'parsing', error_code: null, error_detail: null });
  return { document, build: document.build_revision + 1 };
}

/** How far a document has been read. */
export interface ReadSoFar {
  readonly pageCount: number;
  readonly tokenCount: number;
  readonly chunkCount: number;
  /** Ordinals that the revision keeps: at least `chunkCount`, and more while its end is not known. */
  readonly room: number;
}

export interface ReadDocument extends ReadSoFar {
  readonly title: string;
  readonly mimeType: string;
  readonly language: string;
}

const asShown = ({ chunkCount, pageCount, tokenCount }: ReadSoFar) => ({
  chunk_count: chunkCount,
  page_count: pageCount,
  token_count: tokenCount,
});

/** Reserves the build's range of ordinals and notes what the reading found. @throws BuildSuperseded */
export async function reserveRange(
  tx: Transaction,
  { documentId, build, read }: { documentId: string; build: number; read: ReadDocument },
): Promise<{ collectionNo: number; firstOrdinal: number }> {
  const document = await fenced(tx, documentId, build);
  const { no, next_ordinal } = await tx
    .updateTable('collections')
    .set(({ eb }) => ({ next_ordinal: eb('next_ordinal', '+', read.room) }))
    .where('id', '=', document.collection_id)
    .returning(['no', 'next_ordinal'])
    .executeTakeFirstOrThrow();
  const firstOrdinal = Number(next_ordinal) - read.room;
  await tx
    .insertInto('revisions')
    .values({
      document_id: documentId,
      revision: build,
      collection_no: no,
      first_ordinal: firstOrdinal,
      chunk_count: read.room,
      title: read.title,
      language: read.language,
      dropped: 0,
    })
    .execute();
  await tx
    .updateTable('documents')
    .set({
      ...titled(read.title),
      mime_type: read.mimeType,
      updated_at: now(),
      ...(isServing(document)
        ? {}
        : {
            revision: build,
            first_ordinal: firstOrdinal,
            language: read.language,
            ...asShown(read),
          }),
    })
    .where('id', '=', documentId)
    .execute();
  return { collectionNo: no, firstOrdinal };
}

/**
 * Notes that more has been read: so many of the build's ordinals are shown from now on. Ordinals that turn out
 * not to be needed are given to nobody else, so that a range never names another document's chunk.
 * @param read `room` may only shrink.
 * @throws BuildSuperseded
 */
export async function growDocument(
  tx: Transaction,
  { documentId, build, read }: { documentId: string; build: number; read: ReadSoFar },
): Promise<void> {
  const document = await fenced(tx, documentId, build);
  await tx
    .updateTable('revisions')
    .set({ chunk_count: read.room })
    .where('document_id', '=', documentId)
    .where('revision', '=', build)
    .execute();
  if (isServing(document)) return;
  await tx.updateTable('documents').set(asShown(read)).where('id', '=', documentId).execute();
}

/** @throws BuildSuperseded when this build may not write any more. */
export async function needBuild(tx: Kysely<Database>, documentId: string, build: number): Promise<void> {
  const row = await tx
    .selectFrom('documents')
    .select('build_revision')
    .where('id', '=', documentId)
    .executeTakeFirst();
  if (row?.build_revision !== build)
    throw new BuildSuperseded(`revision ${build} of ${documentId} is no longer built`);
}

/**
 * All chunks are found by keyword; vectors follow in a job of its own, and behind them, where wanted, the text of
 * pictures. @throws BuildSuperseded
 */
export async function keywordsComplete(
  tx: Transaction,
  queue: JobQueue,
  documentId: string,
  build: number,
  { picturesNext = false }: { readonly picturesNext?: boolean } = {},
): Promise<void> {
  const document = await fenced(tx, documentId, build);
  if (!isServing(document)) {
    await tx
      .updateTable('documents')
      .set({ status: 'embedding', updated_at: now() })
      .where('id', '=', documentId)
      .execute();
    await bumpGeneration(tx, document.collection_id);
  }
  const payload = { documentId, revision: build, ...(picturesNext ? { picturesNext } : {}) };
  await queue.enqueue(tx, { kind: 'embed', documentId, payload });
}

/** The revision is complete: what was built beside the visible one takes its place. @throws BuildSuperseded */
export async function buildComplete(
  tx: Transaction,
  queue: JobQueue,
  documentId: string,
  build: number,
): Promise<void> {
  const document = await fenced(tx, documentId, build);
  const row = await findRevision(tx, documentId, build);
  if (row === undefined || row.dropped === 1)
    throw new BuildSuperseded(`revision ${build} of ${documentId} was dropped`);
  const time = now();
  const { tokens, pages } = await tokensAndPages(tx, documentId, build);
  await tx
    .updateTable('documents')
    .set({
      status: 'ready',
      error_code: null,
      error_detail: null,
      revision: build,
      first_ordinal: row.first_ordinal,
      chunk_count: row.chunk_count,
      language: row.language,
      page_count: pages,
      token_count: tokens,
      updated_at: time,
      ready_at: time,
    })
    .where('id', '=', documentId)
    .execute();
  await dropRevisions(tx, queue, documentId, build);
  await bumpGeneration(tx, document.collection_id);
}

/**
 * Ends the work on a document for good. One that is served by an earlier revision stays as it is; any other
 * is `failed` and nothing of it is found.
 */
export async function giveUp(
  tx: Transaction,
  queue: JobQueue,
  documentId: string,
  reason: { code: ErrorCode; detail: string },
): Promise<void> {
  const document = await findDocument(tx, documentId);
  if (document === undefined) return;
  await clear(tx, queue, document, {
    status: 'failed',
    error_code: reason.code,
    error_detail: reason.detail,
  });
}

/** Sets a document back to the beginning, with nothing visible; the caller enqueues its job. */
export async function startOver(
  tx: Transaction,
  queue: JobQueue,
  document: StoredDocument,
  change: Partial<Pick<StoredDocument, 'collection_id' | 'storage_key'>> = {},
): Promise<void> {
  await dropRevisions(tx, queue, document.id);
  await tx
    .updateTable('documents')
    .set({
      status: 'queued',
      error_code: null,
      error_detail: null,
      chunk_count: 0,
      build_revision: sql`build_revision + 1`,
      updated_at: now(),
      ...change,
    })
    .where('id', '=', document.id)
    .execute();
  if (document.chunk_count > 0) await bumpGeneration(tx, document.collection_id);
}
