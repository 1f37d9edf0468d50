import type { Kysely } from 'kysely';
import { keywordText, passageOf } from '../ingest/embed.ts';
import type { FileStore } from '../ports/file-store.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Database } from '../ports/schema.ts';
import { collectionNoOf, ordinalOf } from '../ports/search-scope.ts';
import type { TextEntry, TextWriter } from '../ports/text-index.ts';
import type { Transaction } from '../ports/transaction.ts';
import type { VectorWriter } from '../ports/vector-index.ts';
import { chunksInRange, deleteChunks } from '../records/chunks.ts';
import { dropRevision, findDocument, findRevision, startOver } from '../records/document-progress.ts';
import { filesAreHeld } from '../records/held-files.ts';
import { reindex } from '../records/intake.ts';
import { deletePages } from '../records/pages.ts';
import { finishItems, finishTask } from '../records/tasks.ts';
import { analysePassage } from '../text/analyse.ts';
import type { Range, Repair, RevisionName, StoreFault } from './store-fault.ts';

export interface MendingPorts {
  readonly db: Kysely<Database>;
  readonly queue: JobQueue;
  readonly files: FileStore;
  readonly texts: TextWriter;
  readonly vectors: VectorWriter;
  /** Brings a server of vectors up to the records. */
  readonly syncVectorServer?: (() => Promise<void>) | undefined;
}

/**
 * Does what the faults call for, in short transactions; the service may run. What must be read again is only queued.
 * Each step looks again at what it changes: the faults may be of a while ago.
 */
export async function mendInstallation(ports: MendingPorts, faults: readonly StoreFault[]): Promise<void> {
  // what is let go of first is not written again
  for (const { repair } of faults.toSorted((a, b) => orderOf(a) - orderOf(b)))
    if (repair !== undefined) await mend(ports, repair);
}

const ORDER: readonly Repair['do'][] = ['remove-passages', 'remove-pages', 'remove-vectors', 'write-words'];
const orderOf = ({ repair }: StoreFault): number => {
  const at = repair === undefined ? -1 : ORDER.indexOf(repair.do);
  return at === -1 ? ORDER.length : at;
};

async function mend(ports: MendingPorts, repair: Repair): Promise<void> {
  const { db, queue, files } = ports;
  const each = async <T>(things: readonly T[], work: (tx: Transaction, thing: T) => Promise<unknown>) => {
    for (const thing of things)
      await db.transaction().execute(async (tx) => {
        await work(tx, thing);
      });
  };
  switch (repair.do) {
    case 'read-again':
      for (const id of new Set(repair.documentIds)) await readAgain(ports, id);
      return;
    case 'remove-files':
      for (const key of repair.keys)
        if (!(await isUsed(db, key)) && !(await filesAreHeld(db))) await files.remove(key);
      return;
    case 'write-tags':
      return each(repair.documentIds, writeTags);
    case 'drop-revisions':
      return each(repair.revisions, async (tx, { documentId, revision }) => {
        const row = await findRevision(tx, documentId, revision);
        const document = await findDocument(tx, documentId);
        const inUse = document?.revision === revision || document?.build_revision === revision;
        if (row !== undefined && !inUse) await dropRevision(tx, queue, row);
      });
    case 'purge-again':
      return each(repair.revisions, async (tx, { documentId, revision }) => {
        const row = await findRevision(tx, documentId, revision);
        if (row?.dropped === 1) await queue.enqueue(tx, { kind: 'purge', payload: { documentId, revision } });
      });
    case 'remove-pages':
      for (const name of repair.revisions) await removePages(ports, name);
      return;
    case 'remove-passages':
      for (const name of repair.revisions) await removePassages(ports, name);
      return;
    case 'remove-vectors':
      return each(repair.ranges, (tx, range) => removeVectors(ports, tx, range));
    case 'write-words':
      for (const range of repair.ranges) await writeWords(ports, range);
      return;
    case 'count-words':
      return each(repair.collectionNos, countWords);
    case 'count-collections':
      return each(repair.collectionIds, countCollection);
    case 'settle-tombstones':
      return each(repair.ids, (tx, id) =>
        tx.updateTable('tombstones').set({ purged: 1 }).where('id', '=', id).execute(),
      );
    case 'cancel-jobs':
      return each(repair.documentIds, async (tx, id) => {
        if ((await findDocument(tx, id)) === undefined) await queue.cancel(tx, id);
      });
    case 'settle-items':
      return each(repair.documentIds, async (tx, id) => {
        if (!(await hasJob(tx, id))) await settleItems(tx, id);
      });
    case 'settle-tasks':
      return each(repair.taskIds, finishTask);
    case 'remove-usage':
      return each(repair.userIds, (tx, id) =>
        tx
          .deleteFrom('usage')
          .where('user_id', '=', id)
          .where(({ not, exists, selectFrom }) =>
            not(exists(selectFrom('users').select('id').where('id', '=', id))),
          )
          .execute(),
      );
    case 'sync-vector-server':
      return ports.syncVectorServer?.();
    default:
      repair satisfies never;
  }
}

/** One that is being read already is left to its job. */
async function readAgain({ db, queue }: MendingPorts, documentId: string): Promise<void> {
  const document = await findDocument(db, documentId);
  if (document === undefined || (await hasJob(db, documentId))) return;
  if (document.status === 'ready' || document.status === 'failed') {
    await db.transaction().execute((tx) => settleItems(tx, documentId));
    await reindex(db, queue, document.owner_id, [documentId]);
    return;
  }
  await db.transaction().execute(async (tx) => {
    const latest = await findDocument(tx, documentId);
    if (latest === undefined || (await hasJob(tx, documentId))) return;
    await startOver(tx, queue, latest);
    await queue.enqueue(tx, { kind: 'ingest', documentId, payload: { documentId } });
  });
}

async function hasJob(db: Kysely<Database>, documentId: string): Promise<boolean> {
  const job = await db
    .selectFrom('jobs')
    .select('id')
    .where('document_id', '=', documentId)
    .where('state', 'in', ['queued', 'running'])
    .limit(1)
    .executeTakeFirst();
  return job !== undefined;
}

async function isUsed(db: Kysely<Database>, storageKey: string): Promise<boolean> {
  const row = await db
    .selectFrom('documents')
    .select('id')
    .where('storage_key', '=', storageKey)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

async function writeTags(tx: Transaction, documentId: string): Promise<void> {
  const document = await findDocument(tx, documentId);
  await tx.deleteFrom('document_tags').where('document_id', '=', documentId).execute();
  if (document === undefined) return;
  for (const tag of new Set(JSON.parse(document.tags) as string[]))
    await tx
      .insertInto('document_tags')
      .values({ document_id: documentId, collection_id: document.collection_id, tag })
      .execute();
}

const PAGE_PARTS = 16;

async function removePages({ db }: MendingPorts, { documentId, revision }: RevisionName): Promise<void> {
  for (let more = true; more; )
    more = await db.transaction().execute(async (tx) => {
      if ((await findRevision(tx, documentId, revision)) !== undefined) return false;
      return deletePages(tx, documentId, revision, PAGE_PARTS);
    });
}

/** Ordinals of one transaction. */
const WINDOW = 256;

async function removePassages(ports: MendingPorts, { documentId, revision }: RevisionName): Promise<void> {
  for (let more = true; more; )
    more = await ports.db.transaction().execute(async (tx) => {
      if ((await findRevision(tx, documentId, revision)) !== undefined) return false;
      const rows = await tx
        .selectFrom('chunks')
        .select('key')
        .where('document_id', '=', documentId)
        .where('revision', '=', revision)
        .orderBy('seq')
        .limit(WINDOW)
        .execute();
      for (const { key } of rows) {
        const no = collectionNoOf(Number(key));
        await ports.texts.removeRange(tx, no, ordinalOf(Number(key)), 1);
        await ports.vectors.removeRange(tx, no, ordinalOf(Number(key)), 1);
        await deleteChunks(tx, Number(key), Number(key));
      }
      return rows.length === WINDOW;
    });
}

async function removeVectors({ vectors }: MendingPorts, tx: Transaction, range: Range): Promise<void> {
  const { collectionNo, first, count } = range;
  const there = await chunksInRange(tx, collectionNo, { first, end: first + count, limit: 1 });
  if (there.length === 0) await vectors.removeRange(tx, collectionNo, first, count);
}

/** Takes all words of a range out of the index, and those of the passages in it back in. */
async function writeWords({ db, texts }: MendingPorts, range: Range): Promise<void> {
  const end = range.first + range.count;
  for (let first = range.first; first < end; first += WINDOW) {
    await db.transaction().execute(async (tx) => {
      const { collectionNo: no } = range;
      const last = Math.min(end, first + WINDOW);
      const chunks = await chunksInRange(tx, no, { first, end: last, limit: WINDOW });
      const entries: TextEntry[] = [];
      for (const chunk of chunks) {
        const revision = await findRevision(tx, chunk.document_id, chunk.revision);
        // its purge takes words out as they are
        if (revision === undefined || revision.dropped === 1) return;
        const words = analysePassage(
          keywordText(revision.title, passageOf(chunk)),
          revision.language ?? 'und',
        );
        entries.push({ ordinal: ordinalOf(Number(chunk.key)), ...words });
      }
      await texts.removeRange(tx, no, first, last - first);
      await texts.add(tx, no, entries);
    });
  }
}

async function countWords(tx: Transaction, collectionNo: number): Promise<void> {
  const blocks = await tx
    .selectFrom('posting_lengths')
    .select('data')
    .where('collection_no', '=', collectionNo)
    .execute();
  const lengths = blocks.flatMap(({ data }) =>
    [...new Uint16Array(data.slice().buffer)].filter((n) => n > 0),
  );
  await tx.deleteFrom('posting_stats').where('collection_no', '=', collectionNo).execute();
  if (lengths.length === 0) return;
  const length_sum = lengths.reduce((sum, n) => sum + n, 0);
  await tx
    .insertInto('posting_stats')
    .values({ collection_no: collectionNo, chunk_count: lengths.length, length_sum })
    .execute();
}

async function countCollection(tx: Transaction, collectionId: string): Promise<void> {
  const collection = await tx
    .selectFrom('collections')
    .select(['no', 'next_ordinal'])
    .where('id', '=', collectionId)
    .executeTakeFirst();
  if (collection === undefined) return;
  const { documents } = await tx
    .selectFrom('documents')
    .select(({ fn }) => fn.countAll().as('documents'))
    .where('collection_id', '=', collectionId)
    .executeTakeFirstOrThrow();
  const last = await tx
    .selectFrom('revisions')
    .select(['first_ordinal', 'chunk_count'])
    .where('collection_no', '=', collection.no)
    .orderBy('first_ordinal', 'desc')
    .limit(1)
    .executeTakeFirst();
  const end = last === undefined ? 0 : Number(last.first_ordinal) + last.chunk_count;
  await tx
    .updateTable('collections')
    .set({
      document_count: Number(documents),
      next_ordinal: Math.max(Number(collection.next_ordinal), end),
    })
    .where('id', '=', collectionId)
    .execute();
}

/** Items that follow no job end as their document did. */
async function settleItems(tx: Transaction, documentId: string): Promise<void> {
  const document = await findDocument(tx, documentId);
  const status = document === undefined ? 'cancelled' : document.status === 'ready' ? 'completed' : 'failed';
  // one that still waits to be read is queued again, and its items go on with it
  if (document !== undefined && document.status !== 'ready' && document.status !== 'failed') return;
  await finishItems(tx, documentId, { status });
}
