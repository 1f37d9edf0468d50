import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Database } from '../../ports/schema.ts';
import { chunkKey, collectionNoOf, ordinalOf } from '../../ports/search-scope.ts';
import { mergeRanges, type OrdinalRange } from './ordinal-ranges.ts';
import { ORDINAL, type Qdrant, TENANT, tenantIs, VECTOR } from './qdrant.ts';
import { qdrantDifferences } from './qdrant-differences.ts';
import { SWEPT_AT } from './sync-due.ts';
import { createSyncLease } from './sync-lease.ts';
import { readVector } from './vector-rows.ts';

/** Follows the records: what `createQdrantWriter` noted is brought to Qdrant, by one process at a time. */
export interface QdrantSync {
  /** Something was written and will be committed soon. */
  nudge(): void;
  /**
   * Works off all notes that are committed.
   *
   * @returns false when another process is at it.
   * @throws UpstreamError of Qdrant; the notes stay.
   */
  drain(signal?: AbortSignal): Promise<boolean>;
  /**
   * Compares what Qdrant holds with the records and notes every range that differs, for the next drain: what a
   * restored copy of either side lacks, and what a crash left.
   *
   * @returns how many ranges were noted.
   */
  sweep(signal?: AbortSignal): Promise<number>;
  /** The same, unless some process did it less than `everyMs` ago. One that failed is made again minutes later. */
  sweepIfDue(everyMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface QdrantSyncOptions {
  readonly db: Kysely<Database>;
  readonly qdrant: Qdrant;
  /** Told once for each time that Qdrant goes away, and with undefined when it is back. */
  readonly onFault?: (error: unknown) => void;
  readonly pollMs?: number;
}

const time = (ms: number): string => new Date(ms).toISOString();
/** After a comparison that failed. */
const SWEEP_AGAIN_MS = 300_000;
/** Points of one request, some 2 MB of JSON at 384 dimensions. */
const BATCH = 256;
/** Notes that are worked off together: runs that belong together are one request. */
const NOTES = 256;
/** Most transactions are committed by then. */
const SOON_MS = 25;
const POLL_MS = 2000;
const MOST_POLL_MS = 30_000;
const WRITE_MS = 30_000;
const MOST_COUNT = 2 ** 30;

export function createQdrantSync({
  db,
  qdrant,
  onFault = () => {},
  pollMs = POLL_MS,
}: QdrantSyncOptions): QdrantSync {
  const { service, path } = qdrant;
  const lease = createSyncLease(db, randomUUID());
  const closing = new AbortController();
  let running: Promise<boolean> | undefined;
  let faulty = false;
  let waitMs = pollMs;
  let soon: NodeJS.Timeout | undefined;
  let later = setTimeout(poll, pollMs).unref();

  async function tryDrain(): Promise<void> {
    try {
      await drain(closing.signal);
      if (faulty) onFault(undefined);
      faulty = false;
      waitMs = pollMs;
    } catch (error) {
      if (closing.signal.aborted) return;
      if (!faulty) onFault(error);
      faulty = true;
      waitMs = Math.min(2 * waitMs, MOST_POLL_MS);
    }
  }

  function poll(): void {
    void tryDrain().then(() => {
      if (!closing.signal.aborted) later = setTimeout(poll, waitMs).unref();
    });
  }

  function drain(signal?: AbortSignal): Promise<boolean> {
    const mine = (running ?? Promise.resolve(true))
      .catch(() => {})
      .then(() => drainAll(signal))
      .finally(() => {
        if (running === mine) running = undefined;
      });
    running = mine;
    return mine;
  }

  async function drainAll(signal: AbortSignal | undefined): Promise<boolean> {
    if ((await nextNotes(1)).length === 0) return true;
    if (!(await lease.take())) return false;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const notes = await nextNotes(NOTES);
        if (notes.length === 0) return true;
        for (const [no, own] of Map.groupBy(notes, ({ collection_no }) => collection_no)) {
          const ranges = own.map(({ first_ordinal, ordinal_count }) => ({
            first: Number(first_ordinal),
            end: Number(first_ordinal) + ordinal_count,
          }));
          for (const range of mergeRanges(ranges)) await mirror(no, range, signal);
        }
        await settle(notes);
      }
    } finally {
      await lease.release();
    }
  }

  /** The notes go; what was found and kept without these ranges is out of date. */
  const settle = (notes: readonly { id: number; collection_no: number }[]) =>
    db.transaction().execute(async (trx) => {
      const numbers = [...new Set(notes.map(({ collection_no }) => collection_no))];
      // a change of the same range that was committed meanwhile has a note of its own
      const ids = notes.map(({ id }) => id);
      await trx.deleteFrom('vector_log').where('id', 'in', ids).execute();
      await trx
        .updateTable('collections')
        .set((set) => ({ generation: set('generation', '+', 1) }))
        .where('no', 'in', numbers)
        .execute();
    });

  const nextNotes = (limit: number) =>
    db.selectFrom('vector_log').selectAll().orderBy('id').limit(limit).execute();

  /** Makes a range in Qdrant equal to the rows. It may be done twice, and by two at once. */
  async function mirror(no: number, { first, end }: OrdinalRange, signal?: AbortSignal): Promise<void> {
    for (let from = first; from < end; ) {
      signal?.throwIfAborted();
      if (!(await lease.take())) throw new Error('another process took over the notes');
      const rows = await db
        .selectFrom('vectors')
        .selectAll()
        .where('key', '>=', chunkKey(no, from))
        .where('key', '<', chunkKey(no, 0) + end)
        .orderBy('key')
        .limit(BATCH)
        .execute();
      const last = rows.at(-1);
      const next = last !== undefined && rows.length === BATCH ? ordinalOf(Number(last.key)) + 1 : end;
      const keys = rows.map(({ key }) => Number(key));
      if (rows.length < next - from) await removeAllBut(keys, no, { first: from, end: next }, signal);
      if (rows.length > 0) {
        await putRows(qdrant, rows, signal);
      }
      from = next;
    }
  }

  async function removeAllBut(
    keys: readonly number[],
    no: number,
    { first, end }: OrdinalRange,
    signal?: AbortSignal,
  ): Promise<void> {
    const filter = {
      must: [tenantIs(no), { key: ORDINAL, range: { gte: first, lt: end } }],
      ...(keys.length > 0 ? { must_not: [{ has_id: keys }] } : {}),
    };
    await service.call('POST', path('/points/delete?wait=true'), { filter }, { signal, timeoutMs: WRITE_MS });
  }

  const sweep = (signal?: AbortSignal) => noteDifferences(db, qdrant, { signal });

  return {
    drain,
    nudge() {
      if (soon !== undefined || closing.signal.aborted) return;
      soon = setTimeout(() => {
        soon = undefined;
        void tryDrain();
      }, SOON_MS).unref();
    },
    sweep,
    async sweepIfDue(everyMs) {
      const now = Date.now();
      const { numUpdatedRows } = await db
        .updateTable('settings')
        .set({ value: time(now) })
        .where('name', '=', SWEPT_AT)
        .where('value', '<', time(now - everyMs))
        .executeTakeFirst();
      const first = async () => {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('settings')
          .values({ name: SWEPT_AT, value: time(now) })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .executeTakeFirst();
        return numInsertedOrUpdatedRows === 1n;
      };
      if (numUpdatedRows === 0n && !(await first())) return;
      try {
        await sweep(closing.signal);
      } catch (error) {
        await db
          .updateTable('settings')
          .set({ value: time(now - everyMs + SWEEP_AGAIN_MS) })
          .where('name', '=', SWEPT_AT)
          .execute();
        throw error;
      }
    },
    async close() {
      closing.abort();
      clearTimeout(soon);
      clearTimeout(later);
      await running?.catch(() => {});
    },
  };
}

/**
 * Notes every range in which Qdrant differs from the records.
 *
 * @param options.everyKey also compares where both sides hold as many: after a copy of another moment was restored.
 * @returns how many.
 */
export async function noteDifferences(
  db: Kysely<Database>,
  qdrant: Qdrant,
  options: { readonly signal?: AbortSignal | undefined; readonly everyKey?: boolean } = {},
): Promise<number> {
  let noted = 0;
  for await (const { no, range } of qdrantDifferences(db, qdrant, options)) {
    for (let from = range.first; from < range.end; from += MOST_COUNT) {
      const ordinal_count = Math.min(MOST_COUNT, range.end - from);
      await db
        .insertInto('vector_log')
        .values({ collection_no: no, first_ordinal: from, ordinal_count })
        .execute();
    }
    noted++;
  }
  return noted;
}

async function putRows(
  { service, path, dimensions }: Qdrant,
  rows: readonly { readonly key: number; readonly data: Uint8Array }[],
  signal?: AbortSignal,
): Promise<void> {
  const points = rows.map(({ key, data }) => {
    const id = Number(key);
    return {
      id,
      vector: { [VECTOR]: Array.from(readVector(data, dimensions)) },
      payload: { [TENANT]: String(collectionNoOf(id)), [ORDINAL]: ordinalOf(id) },
    };
  });
  await service.call('PUT', path('/points?wait=true'), { points }, { signal, timeoutMs: WRITE_MS });
}

/** Brings the vectors of the coming space to their own collection in Qdrant, which nobody searches yet. */
export async function copyNextVectors(db: Kysely<Database>, qdrant: Qdrant): Promise<void> {
  for (let behind = -1; ; ) {
    const rows = await db
      .selectFrom('vectors_next')
      .selectAll()
      .where('key', '>', behind)
      .orderBy('key')
      .limit(BATCH)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    await putRows(qdrant, rows);
    behind = Number(last.key);
  }
}

/**
 * Notes all vectors that there are, for a Qdrant that holds none: one that has just been set, or that lost its disk.
 * By document, so that work that breaks off goes on where it was.
 */
export async function noteAllVectors(db: Kysely<Database>): Promise<void> {
  await db
    .insertInto('vector_log')
    .columns(['collection_no', 'first_ordinal', 'ordinal_count'])
    .expression((from) =>
      from
        .selectFrom('revisions')
        .select(['collection_no', 'first_ordinal', 'chunk_count'])
        .where('dropped', '=', 0)
        .where('chunk_count', '>', 0),
    )
    .execute();
}
