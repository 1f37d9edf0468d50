import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { faultPoint } from '../fault-point.ts';
import type { Originals } from '../ports/file-store.ts';
import type { LeasedJob } from '../ports/job-queue.ts';
import type { Database, RevisionRow } from '../ports/schema.ts';
import { ordinalOf } from '../ports/search-scope.ts';
import type { TextWriter } from '../ports/text-index.ts';
import type { VectorWriter } from '../ports/vector-index.ts';
import { chunksInRange, deleteChunks, type StoredChunk } from '../records/chunks.ts';
import { findRevision } from '../records/document-progress.ts';
import { filesAreHeld } from '../records/held-files.ts';
import { deletePages } from '../records/pages.ts';
import { analysePassage } from '../text/analyse.ts';
import { keywordText, passageOf } from './embed.ts';
import type { GiveWay } from './give-way.ts';
import { type Pace, writePaced } from './paced-writes.ts';

export interface PurgePorts {
  readonly db: Kysely<Database>;
  readonly files: Originals;
  readonly vectors: VectorWriter;
  readonly texts: TextWriter;
  readonly giveWay: GiveWay;
}

/**
 * Ordinals whose words are taken out together: each word's row is rewritten once for all of them, where one
 * chunk at a time would rewrite the frequent ones hundreds of times.
 */
const WINDOW = 1_024;
/** Chunks read and analysed in one turn of the thread. */
const READ = 64;
// the pace of writing, for the same reason
const TERM_PACE: Pace = { targetMs: 5, first: 200, least: 50, most: 5_000 };
const CHUNK_PACE: Pace = { targetMs: 5, first: 64, least: 8, most: 1_024 };
/** Parts of pages, of 32 kB to 96 kB each. */
const PAGE_PARTS = 16;
/** Removed at once without naming words: an index that groups its rows by a power of two drops whole groups. */
const SWEPT_ORDINALS = 4_096;

/**
 * Physical removal of what no row points to any more, in short transactions. Each step may be repeated, so a
 * purge that was interrupted starts again.
 */
export function createPurge(ports: PurgePorts) {
  return {
    purge: {
      async run(job: LeasedJob, signal: AbortSignal): Promise<void> {
        const payload = job.payload as { documentId: string; revision: number } | { storageKey: string };
        if ('storageKey' in payload) await purgeFile(ports, payload.storageKey, signal);
        else await purgeRevision(ports, payload.documentId, payload.revision, job, signal);
      },
    },
    'purge-collection': {
      run: (job: LeasedJob, signal: AbortSignal): Promise<void> =>
        purgeCollection(ports, job.payload as CollectionPayload, signal),
    },
  };
}

async function purgeRevision(
  ports: PurgePorts,
  documentId: string,
  number: number,
  job: LeasedJob,
  signal: AbortSignal,
): Promise<void> {
  const { db } = ports;
  const revision = await findRevision(db, documentId, number);
  if (revision === undefined) return;
  const end = revision.first_ordinal + revision.chunk_count;
  for (let first = revision.first_ordinal; first < end; first += WINDOW) {
    await purgeWindow(ports, revision, first, Math.min(end, first + WINDOW), signal);
  }
  faultPoint('passages-purged');
  await purgePages(ports, documentId, number, signal);
  faultPoint('pages-purged');
  await db.transaction().execute(async (tx) => {
    await tx
      .updateTable('tombstones')
      .set({ purged: 1 })
      .where('collection_no', '=', revision.collection_no)
      .where('first_ordinal', '=', revision.first_ordinal)
      .where('ordinal_count', '=', revision.chunk_count)
      .execute();
    await tx
      .deleteFrom('revisions')
      .where('document_id', '=', documentId)
      .where('revision', '=', number)
      .execute();
    await job.complete(tx);
  });
  faultPoint('revision-purged');
}

/** Postings first: the chunks' text says which. */
async function purgeWindow(
  { db, texts, vectors, giveWay }: PurgePorts,
  revision: RevisionRow,
  first: number,
  end: number,
  signal: AbortSignal,
): Promise<void> {
  const no = revision.collection_no;
  const keys: number[] = [];
  const terms = new Set<string>();
  for (let from = first; from < end; ) {
    await nextTurn();
    signal.throwIfAborted();
    const chunks = await chunksInRange(db, no, { first: from, end, limit: READ });
    const last = chunks.at(-1);
    if (last === undefined) break;
    for (const chunk of chunks) {
      keys.push(chunk.key);
      for (const term of termsOf(revision, chunk)) terms.add(term);
    }
    from = ordinalOf(last.key) + 1;
  }
  const lowest = keys[0];
  const highest = keys.at(-1);
  if (lowest === undefined || highest === undefined) return;
  const firstOrdinal = ordinalOf(lowest);
  const count = highest - lowest + 1;
  await writePaced(
    db,
    [...terms],
    TERM_PACE,
    {
      prepare: (some) => new Set(some),
      write: (tx, some) => texts.removeRange(tx, no, firstOrdinal, count, some),
    },
    { signal, giveWay },
  );
  faultPoint('words-purged');
  await writePaced(
    db,
    keys,
    CHUNK_PACE,
    {
      prepare: (some) => ({ from: some[0] as number, to: some.at(-1) as number }),
      async write(tx, { from, to }) {
        await vectors.removeRange(tx, no, ordinalOf(from), to - from + 1);
        await deleteChunks(tx, from, to);
      },
    },
    { signal, giveWay },
  );
}

const termsOf = (revision: RevisionRow, chunk: StoredChunk): Iterable<string> =>
  analysePassage(keywordText(revision.title, passageOf(chunk)), revision.language ?? 'und').terms.keys();

async function purgePages(
  { db }: PurgePorts,
  documentId: string,
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  for (let more = true; more; ) {
    await nextTurn();
    signal.throwIfAborted();
    more = await db.transaction().execute((tx) => deletePages(tx, documentId, revision, PAGE_PARTS));
  }
}

/** While a backup holds the files, their removal waits, and what comes behind it with it. */
const HELD_MS = 250;

/** A stored file that some document uses stays. */
async function purgeFile({ db, files }: PurgePorts, key: string, signal: AbortSignal): Promise<void> {
  while (await filesAreHeld(db)) await pause(HELD_MS, undefined, { signal });
  const user = await db
    .selectFrom('documents')
    .select('id')
    .where('storage_key', '=', key)
    .executeTakeFirst();
  if (user !== undefined) return;
  faultPoint('file-purging');
  await files.remove(key);
}

interface CollectionPayload {
  readonly collectionNo: number;
  /** Every ordinal that was ever given is below it. */
  readonly ordinals: number;
  readonly storageKeys: readonly string[];
}

async function purgeCollection(
  ports: PurgePorts,
  payload: CollectionPayload,
  signal: AbortSignal,
): Promise<void> {
  const { db, texts, vectors } = ports;
  const { collectionNo: no, ordinals } = payload;
  const turn = async () => {
    await nextTurn();
    signal.throwIfAborted();
  };
  for (;;) {
    await turn();
    const chunks = await chunksInRange(db, no, { first: 0, end: ordinals, limit: READ });
    const [first, last] = [chunks[0], chunks.at(-1)];
    if (first === undefined || last === undefined) break;
    await db.transaction().execute(async (tx) => {
      await vectors.removeRange(tx, no, ordinalOf(first.key), last.key - first.key + 1);
      await deleteChunks(tx, first.key, last.key);
    });
  }
  for (let from = 0; from < ordinals; from += SWEPT_ORDINALS) {
    await turn();
    await db.transaction().execute((tx) => texts.removeRange(tx, no, from, SWEPT_ORDINALS));
  }
  // also of documents that were moved elsewhere and left a revision here
  const revisions = await db.selectFrom('revisions').selectAll().where('collection_no', '=', no).execute();
  for (const { document_id, revision } of revisions) await purgePages(ports, document_id, revision, signal);
  for (const key of payload.storageKeys) await purgeFile(ports, key, signal);
  await db.transaction().execute(async (tx) => {
    await texts.removeCollection(tx, no);
    await vectors.removeCollection(tx, no);
    await tx.deleteFrom('revisions').where('collection_no', '=', no).execute();
    await tx.deleteFrom('tombstones').where('collection_no', '=', no).execute();
  });
}
