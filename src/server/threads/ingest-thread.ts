import { setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { openEmbedder } from '../drivers/embedder/open-embedder.ts';
import { spreadEmbedders } from '../drivers/embedder/spread.ts';
import { createLocalEvents } from '../drivers/events/local.ts';
import { createFilesInPlace } from '../drivers/file-store/in-place.ts';
import { createProcessParser } from '../drivers/parser/process.ts';
import { createTesseract } from '../drivers/recognizer/tesseract.ts';
import type { ServedEmbedding } from '../embedding-config.ts';
import { createEmbeddingCharges } from '../embedding-cost.ts';
import { toWire, type WireError } from '../errors.ts';
import { giveWayTo } from '../ingest/give-way.ts';
import { createPipeline } from '../ingest/pipeline.ts';
import { createPurge } from '../ingest/purge.ts';
import { sweepFiles } from '../ingest/sweep-files.ts';
import { startRunner } from '../jobs/runner.ts';
import type { JobKind, LeasedJob } from '../ports/job-queue.ts';
import { type BudgetDefaults, createBudgets } from '../records/budgets.ts';
import { createUsageMeter } from '../records/usage-meter.ts';
import type { StorageConfig } from '../storage-config.ts';
import type { Places } from './index-places.ts';
import { openFileStore } from './open-file-store.ts';
import { openWriters, queueOf } from './open-writers.ts';
import { serve } from './rpc.ts';
import { traceTo } from './trace-to.ts';

export interface IngestThreadData extends Places {
  /** The store in a folder of ours, or files that stay where their owner keeps them. */
  readonly originals: StorageConfig | { readonly kind: 'in-place' };
  readonly modelDir: string;
  /** Who makes vectors; the bundled model when left out. */
  readonly embedding?: ServedEmbedding | undefined;
  /** What users may spend on models; without a bound when left out. */
  readonly budgets?: BudgetDefaults;
  /** The name that the process gave its events. */
  readonly eventsName: string;
  /** Those of the connections that serve people: this thread's gives way to them. */
  readonly writeTurns?: Int32Array;
  /** Whether people wait; made by `newPressure`. */
  readonly pressure?: Int32Array;
  /** Documents that are read and indexed at a time. */
  readonly concurrency: number;
  /** Sessions of the model that share the passages, 50 MB each. */
  readonly embeddingSessions: number;
  /** Languages of the text in pictures; absent: it is not read. */
  readonly ocrLanguages?: readonly string[] | undefined;
  /** Where spans go. */
  readonly otlpEndpoint?: string | undefined;
}

/** What the thread tells on its own account: a fault to be logged, or a job that was run. */
export type IngestNote =
  | IngestFault
  | { readonly ended: EndedJob }
  /** The vectors' server went away, or is back: what was written for it waits in the records. */
  | { readonly vectorsAway: WireError | undefined };

export interface EndedJob {
  readonly kind: JobKind;
  readonly tookMs: number;
  readonly failed: boolean;
}

interface IngestFault {
  readonly job: Pick<LeasedJob, 'id' | 'kind' | 'documentId' | 'attempt'>;
  readonly error: WireError;
  /** There is no further try. */
  readonly final: boolean;
}

export type IngestHandlers = typeof handlers;

const SWEEP_EVERY_MS = 3_600_000;
const STOP_MS = 5_000;
/** Connections that embedding, pictures, removal, the queue and the mirror of vectors take. */
const BESIDE_JOBS = 5;
/** Documents whose vectors are made at a time where a provider makes them: time passes waiting for it. */
const REMOTE_EMBEDDINGS = 4;
/**
 * Requests come first. With 100 documents coming in beside 200 requests/s on two cores, p95 grew 3.0 to 4.0 times
 * at 0 and 1.2 to 1.3 times at 10, with as many documents done (docs/performance.md). Higher values are not
 * measured: a write lock would be held longer.
 */
const NICENESS = 10;

const data = workerData as IngestThreadData;
// on Linux only: there a priority belongs to the thread that asks, and the threads and processes that it starts inherit it
if (process.platform === 'linux') setPriority(0, NICENESS);
const endTracing = await traceTo(data.otlpEndpoint, () => {});
const parser = createProcessParser();
const embedding = data.embedding ?? { provider: 'bundled' };
const session = () => openEmbedder(embedding, data.modelDir);
const embeddings = embedding.provider === 'bundled' ? 1 : REMOTE_EMBEDDINGS;
const sessions = embedding.provider === 'bundled' ? data.embeddingSessions : 1;
const embedder = spreadEmbedders([
  await session(),
  ...(await Promise.all(Array.from({ length: sessions - 1 }, session))),
]);
const {
  db,
  texts,
  vectors,
  close: closeWriters,
} = await openWriters({
  ...data,
  dimensions: embedder.dimensions,
  connections: data.concurrency + BESIDE_JOBS + embeddings - 1,
  turns: data.writeTurns && { waiting: data.writeTurns, givesWay: true },
  onFault: (error) =>
    thread.note({ vectorsAway: error === undefined ? undefined : toWire(error) } satisfies IngestNote),
});
const events = createLocalEvents({ name: data.eventsName });
const queue = queueOf(data.records, db, events);
const files = data.originals.kind === 'in-place' ? createFilesInPlace() : await openFileStore(data.originals);

// what is not written yet when the process dies is lost to the count
const usage = createUsageMeter(db, () => {});
const budgets = createBudgets(db, usage, data.budgets ?? { dailyUsd: undefined, monthlyUsd: undefined });
const charges = createEmbeddingCharges(budgets, usage, () => embedding);
const charge = async (documentId: string, texts: readonly string[]) => {
  const of = db.selectFrom('documents').select('owner_id').where('id', '=', documentId);
  const { owner_id: ownerId } = (await of.executeTakeFirst()) ?? {};
  return ownerId === undefined ? { settle() {} } : charges.reserve(ownerId, texts, 'document');
};
const pictures = data.ocrLanguages && {
  recognizer: createTesseract({ languages: data.ocrLanguages }),
  images: parser,
};

const giveWay = data.pressure === undefined ? async () => {} : giveWayTo(data.pressure);

const runner = startRunner({
  db,
  queue,
  // all sessions of the bundled model work on one document, pictures take a whole core for minutes, and removal shares
  // the disk with everything else
  lanes: [
    { kinds: ['ingest'], concurrency: data.concurrency },
    { kinds: ['embed'], concurrency: embeddings },
    { kinds: ['ocr'], concurrency: 1 },
    { kinds: ['purge', 'purge-collection'], concurrency: 1 },
  ],
  handlers: {
    ...createPipeline({
      ...{ db, queue, events, files, parser, embedder, vectors, texts, giveWay, charge },
      ...(pictures ? { pictures } : {}),
    }),
    ...createPurge({ db, files, vectors, texts, giveWay }),
  },
  onFault({ id, kind, documentId, attempt }, error, final) {
    thread.note({
      job: { id, kind, attempt, ...(documentId ? { documentId } : {}) },
      error: toWire(error),
      final,
    } satisfies IngestNote);
  },
  onEnd: ({ kind }, tookMs, failed) => thread.note({ ended: { kind, tookMs, failed } } satisfies IngestNote),
});

const sweep = () => void sweepFiles(db, files).catch(() => {});
const sweeping = setInterval(sweep, SWEEP_EVERY_MS).unref();
sweep();

const handlers = {
  /** Jobs of all processes that wait, run or have failed; `runningHere` are this thread's. */
  async stats() {
    return { ...(await queue.depth()), runningHere: runner.running() };
  },
  expectFile: () => parser.warm(),
  hold: (held: boolean) => runner.hold(held),
  /** Stops taking jobs and gives back those that run. */
  drain: ({ timeoutMs }: { timeoutMs: number }) => runner.stop(timeoutMs),
};

const thread = serve(handlers, async () => {
  clearInterval(sweeping);
  await runner.stop(STOP_MS);
  await usage.flush();
  await Promise.all([parser.close(), embedder.close(), queue.close(), events.close()]);
  await closeWriters();
  await endTracing();
});
