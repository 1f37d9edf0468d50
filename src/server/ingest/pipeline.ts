import type { Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Events } from '../ports/events.ts';
import type { Originals } from '../ports/file-store.ts';
import type { JobQueue, LeasedJob } from '../ports/job-queue.ts';
import type { ParsedPart, ParseInput, Parser } from '../ports/parser.ts';
import type { PageImages, Recognizer } from '../ports/recognizer.ts';
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
  needBuild,
  type StoredDocument,
} from '../records/document-progress.ts';
import { finishItems, type ItemReason, noteWaiting } from '../records/tasks.ts';
import { span, spanEach } from '../tracing.ts';
import { type EmbedPorts, embedRevision } from './embed-revision.ts';
import type { GiveWay } from './give-way.ts';
import { inOnePart } from './in-one-part.ts';
import { needsOcr } from './parse/faults.ts';
import { createProgress } from './progress.ts';
import { readPictures } from './read-pictures.ts';
import { createRevisionWriter, RoomExceeded } from './write-revision.ts';

export interface PipelinePorts {
  readonly db: Kysely<Database>;
  readonly queue: JobQueue;
  readonly events: Events;
  readonly files: Originals;
  readonly parser: Parser;
  readonly embedder: Embedder;
  readonly vectors: VectorWriter;
  readonly texts: TextWriter;
  /** Called between steps: requests come first. */
  readonly giveWay: GiveWay;
  /** Puts aside what a document's vectors may cost; absent: nothing is held back or counted. */
  readonly charge?: EmbedPorts['charge'];
  /** What reads the text of pictures; absent: nothing does. */
  readonly pictures?: { readonly recognizer: Recognizer; readonly images: PageImages };
}

interface EmbedPayload {
  readonly documentId: string;
  readonly revision: number;
  readonly fromSeq?: number;
  /** Once all is found, the pictures are read. */
  readonly picturesNext?: boolean;
}

/**
 * The way in: a stored file becomes pages, passages and postings that are found by keyword (job `ingest`),
 * then vectors (job `embed`). Where pages are pictures and something can read them, the document is read once more
 * with their text (job `ocr`), beside what is found by then. All may be tried again at any point: what is half done is
 * let go of, or continued where that is safe.
 */
export function createPipeline(ports: PipelinePorts) {
  const { db, queue, events } = ports;

  async function ingest(job: LeasedJob, signal: AbortSignal): Promise<void> {
    try {
      await build(job, readParts, signal);
    } catch (error) {
      if (!(error instanceof RoomExceeded)) throw error;
      await build(job, readWhole, signal);
    }
  }

  async function build(job: LeasedJob, readFile: typeof readParts, signal: AbortSignal): Promise<void> {
    const { documentId } = job.payload as { documentId: string };
    const begun = await db.transaction().execute((tx) => beginBuild(tx, queue, documentId));
    if (begun === undefined) return;
    faultPoint('build-begun');
    const progress = createProgress({ db, events }, documentId);

    await progress.now('parsing', 0);
    const revision = createRevisionWriter(ports, begun, progress, signal);
    let pictures = 0;
    try {
      for await (const part of spanEach('read part', readFile(ports, begun.document, signal))) {
        pictures = part.pictures ?? 0;
        await span('index part', () => revision.add(part));
        faultPoint('part-indexed');
      }
    } catch (error) {
      if (!isAllPictures(error) || ports.pictures === undefined) throw error;
      const missing = await ports.pictures.recognizer.missing();
      if (missing !== undefined) throw needsOcr(missing);
      return readPicturesNext(job, begun);
    }
    const readable = pictures > 0 && (await ports.pictures?.recognizer.missing()) === undefined;
    const withPictures = readable && ports.pictures !== undefined;
    // what is found today may hold the pictures' text: it stays until that has been read again
    if (withPictures && begun.document.status === 'ready') return readPicturesNext(job, begun);
    await db.transaction().execute(async (tx) => {
      await keywordsComplete(tx, queue, documentId, begun.build, { picturesNext: withPictures });
      await job.complete(tx);
    });
    faultPoint('words-complete');
    await progress.now('embedding', 30);
  }

  async function readPicturesNext(
    job: LeasedJob,
    { document: { id: documentId }, build }: { document: StoredDocument; build: number },
  ): Promise<void> {
    await db.transaction().execute(async (tx) => {
      await needBuild(tx, documentId, build);
      await queue.enqueue(tx, { kind: 'ocr', documentId, payload: { documentId } });
      await job.complete(tx);
    });
    await createProgress({ db, events }, documentId).now('recognizing', 1);
  }

  /** In one part: a second reading for want of room would read the pictures again. */
  async function ocr(job: LeasedJob, signal: AbortSignal): Promise<void> {
    const { pictures } = ports;
    if (pictures === undefined) throw needsOcr();
    const missing = await pictures.recognizer.missing();
    if (missing !== undefined) throw needsOcr(missing);
    const { documentId } = job.payload as { documentId: string };
    const begun = await db.transaction().execute((tx) => beginBuild(tx, queue, documentId));
    if (begun === undefined) return;
    const progress = createProgress({ db, events }, documentId);
    await progress.now('recognizing', 1);
    const whole = await readLocally(ports, begun.document, (file) => {
      let pageBegunMs = performance.now();
      return readPictures({ ...pictures, parser: ports.parser }, file, signal, async (done, all) => {
        await needBuild(db, documentId, begun.build);
        await progress.now('recognizing', Math.ceil((10 * done) / all));
        await ports.giveWay(performance.now() - pageBegunMs);
        pageBegunMs = performance.now();
      });
    });
    await createRevisionWriter(ports, begun, progress, signal).add(whole);
    await db.transaction().execute(async (tx) => {
      await keywordsComplete(tx, queue, documentId, begun.build);
      await job.complete(tx);
    });
    faultPoint('words-complete');
    await progress.now('embedding', 30);
  }

  async function embed(job: LeasedJob, signal: AbortSignal): Promise<void> {
    const { documentId, revision, fromSeq = 0, picturesNext = false } = job.payload as EmbedPayload;
    const row = await findRevision(db, documentId, revision);
    if (row === undefined || row.dropped === 1) return;
    const progress = createProgress({ db, events }, documentId);
    const result = await embedRevision(ports, row, fromSeq, progress, signal);
    await db.transaction().execute(async (tx) => {
      await job.complete(tx);
      switch (result.outcome) {
        case 'complete':
          await buildComplete(tx, queue, documentId, revision);
          faultPoint('build-switching');
          if (picturesNext) await queue.enqueue(tx, { kind: 'ocr', documentId, payload: { documentId } });
          return progress.changed(await finishItems(tx, documentId, { status: 'completed' }));
        case 'more':
          // to the end of the queue: a short document does not wait for a long one
          await queue.enqueue(tx, {
            kind: 'embed',
            documentId,
            payload: { documentId, revision, fromSeq: result.fromSeq, picturesNext } satisfies EmbedPayload,
          });
          return;
        case 'outdated':
          await queue.enqueue(tx, { kind: 'ingest', documentId, payload: { documentId } });
          return;
        default:
          result satisfies never;
      }
    });
    faultPoint('build-switched');
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
    ocr: { run: unlessSuperseded(ocr), failed, waiting },
    embed: {
      run: unlessSuperseded(embed),
      failed,
      waiting,
      // the document is found by keyword until its owner's budget begins anew
      endures: (error: unknown) => error instanceof AppError && error.code === 'BUDGET_EXCEEDED',
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

const isAllPictures = (error: unknown): boolean => error instanceof AppError && error.code === 'NEEDS_OCR';

async function* readParts(
  { files, parser }: PipelinePorts,
  document: StoredDocument,
  signal: AbortSignal,
): AsyncGenerator<ParsedPart> {
  signal.throwIfAborted();
  const local = await files.local(document.storage_key);
  try {
    yield* parser.parse({ path: local.path, filename: document.filename }, signal);
  } finally {
    await local.release();
  }
}

async function readLocally<T>(
  { files }: PipelinePorts,
  document: StoredDocument,
  read: (file: ParseInput) => Promise<T>,
): Promise<T> {
  const local = await files.local(document.storage_key);
  try {
    return await read({ path: local.path, filename: document.filename });
  } finally {
    await local.release();
  }
}

async function* readWhole(...from: Parameters<typeof readParts>): AsyncGenerator<ParsedPart> {
  yield await inOnePart(readParts(...from));
}
