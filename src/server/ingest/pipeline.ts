import type { Kysely } from 'kysely';
import { AppError, UpstreamError } from '../errors.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Events } from '../ports/events.ts';
import type { Originals } from '../ports/file-store.ts';
import type { JobQueue, LeasedJob } from '../ports/job-queue.ts';
import type { ParsedDocument, Parser } from '../ports/parser.ts';
import type { Database } from '../ports/schema.ts';
import type { TextWriter } from '../ports/text-index.ts';
import type { Transaction } from '../ports/transaction.ts';
import type { VectorWriter } from '../ports/vector-index.ts';
import {
  BuildSuperseded,
  beginBuild,
  buildComplete,
  findRevision,
  giveUp,
  keywordsComplete,
  reserveRange,
  type StoredDocument,
} from '../records/document-progress.ts';
import { titleFromFilename } from '../records/intake.ts';
import { finishItems, type ItemReason, noteWaiting } from '../records/tasks.ts';
import { detectLanguage } from '../text/language.ts';
import { type Chunk, chunkDocument } from './chunk.ts';
import { embedRevision } from './embed-revision.ts';
import { createProgress } from './progress.ts';
import { type Build, writeChunks, writePages } from './write-revision.ts';

export interface PipelinePorts {
  readonly db: Kysely<Database>;
  readonly queue: JobQueue;
  readonly events: Events;
  readonly files: Originals;
  readonly parser: Parser;
  readonly embedder: Embedder;
  readonly vectors: VectorWriter;
  readonly texts: TextWriter;
}

/**
 * The way in: a stored file becomes pages, passages and postings that are found by keyword (job `ingest`),
 * then vectors (job `embed`). Both may be tried again at any point: what is half done is let go of, or
 * continued where that is safe.
 */
export function createPipeline(ports: PipelinePorts) {
  const { db, queue, events } = ports;

  async function ingest(job: LeasedJob, signal: AbortSignal): Promise<void> {
    const { documentId } = job.payload as { documentId: string };
    const begun = await db.transaction().execute((tx) => beginBuild(tx, queue, documentId));
    if (begun === undefined) return;
    const { document, build: number } = begun;
    const progress = createProgress({ db, events }, documentId);

    await progress.now('parsing', 0);
    const parsed = await readFile(ports, document, signal);
    await progress.now('indexing', 10);

    const chunks = chunkDocument(parsed.pages);
    if (chunks.length === 0) throw new AppError('FILE_EMPTY', 'The file holds no text.');
    const build = await reserve(ports, { document, number, parsed, chunks });

    await writePages(ports, build, parsed.pages, signal);
    await writeChunks(ports, build, chunks, progress, signal);
    await db.transaction().execute(async (tx) => {
      await keywordsComplete(tx, queue, documentId, number);
      await job.complete(tx);
    });
    await progress.now('embedding', 30);
  }

  async function embed(job: LeasedJob, signal: AbortSignal): Promise<void> {
    const {
      documentId,
      revision,
      fromSeq = 0,
    } = job.payload as { documentId: string; revision: number; fromSeq?: number };
    const row = await findRevision(db, documentId, revision);
    if (row === undefined || row.dropped === 1) return;
    const progress = createProgress({ db, events }, documentId);
    const result = await embedRevision(ports, row, fromSeq, progress, signal);
    await db.transaction().execute(async (tx) => {
      await job.complete(tx);
      switch (result.outcome) {
        case 'complete':
          await buildComplete(tx, queue, documentId, revision);
          return progress.changed(await finishItems(tx, documentId, { status: 'completed' }));
        case 'more':
          // to the end of the queue: a short document does not wait for a long one
          await queue.enqueue(tx, {
            kind: 'embed',
            documentId,
            payload: { documentId, revision, fromSeq: result.fromSeq },
          });
          return;
        case 'outdated':
          await queue.enqueue(tx, { kind: 'ingest', documentId, payload: { documentId } });
          return;
        default:
          result satisfies never;
      }
    });
    progress.publish();
  }

  /** Gives up the document and tells its tasks. */
  async function failed(tx: Transaction, job: LeasedJob, reason: ItemReason): Promise<void> {
    const { documentId } = job.payload as { documentId: string };
    await giveUp(tx, queue, documentId, reason);
    tellSoon(await finishItems(tx, documentId, { status: 'failed', reason }));
  }

  async function waiting(tx: Transaction, job: LeasedJob, reason: ItemReason): Promise<void> {
    tellSoon(await noteWaiting(tx, (job.payload as { documentId: string }).documentId, reason));
  }

  const tellSoon = (taskIds: readonly string[]): void =>
    void setImmediate(() => {
      for (const id of taskIds) events.publish('task', id);
    });

  return {
    ingest: { run: unlessSuperseded(ingest), failed, waiting },
    embed: {
      run: unlessSuperseded(embed),
      failed,
      waiting,
      // the document is found by keyword while the provider is away
      endures: (error: unknown) => error instanceof UpstreamError,
    },
  };
}

/** A build that lost its right to write has nothing left to do. */
const unlessSuperseded =
  (work: (job: LeasedJob, signal: AbortSignal) => Promise<void>) =>
  async (job: LeasedJob, signal: AbortSignal): Promise<void> => {
    try {
      await work(job, signal);
    } catch (error) {
      if (!(error instanceof BuildSuperseded)) throw error;
    }
  };

async function readFile(
  { files, parser }: PipelinePorts,
  document: StoredDocument,
  signal: AbortSignal,
): Promise<ParsedDocument> {
  signal.throwIfAborted();
  const local = await files.local(document.storage_key);
  try {
    return await parser.parse({ path: local.path, filename: document.filename }, signal);
  } finally {
    await local.release();
  }
}

async function reserve(
  { db, embedder }: PipelinePorts,
  read: { document: StoredDocument; number: number; parsed: ParsedDocument; chunks: readonly Chunk[] },
): Promise<Build> {
  const { document, number, parsed, chunks } = read;
  // a title that somebody gave stays; one that was made from the file name gives way to the document's own
  const isOwn = document.title !== titleFromFilename(document.filename);
  const title = isOwn ? document.title : (parsed.title ?? document.title);
  const language = detectLanguage(sample(chunks));
  const range = await db.transaction().execute((tx) =>
    reserveRange(tx, {
      documentId: document.id,
      build: number,
      read: {
        title,
        language,
        mimeType: parsed.mimeType,
        pageCount: parsed.pages.length,
        tokenCount: chunks.reduce((sum, { tokenCount }) => sum + tokenCount, 0),
        chunkCount: chunks.length,
      },
    }),
  );
  return {
    documentId: document.id,
    collectionId: document.collection_id,
    revision: number,
    ...range,
    title,
    language,
    fingerprint: embedder.fingerprint,
  };
}

/** Passages from all over the document: its first page alone may be a cover or a table of contents. */
const SAMPLES = 12;
const sample = (chunks: readonly Chunk[]): string =>
  Array.from({ length: Math.min(SAMPLES, chunks.length) }, (_, i) => {
    const at = Math.floor((i * chunks.length) / Math.min(SAMPLES, chunks.length));
    return (chunks[at] as Chunk).text;
  }).join('\n');
