import type { Kysely } from 'kysely';
import { createPostgresJobQueue } from '../drivers/job-queue/postgres.ts';
import { createSqliteJobQueue } from '../drivers/job-queue/sqlite.ts';
import { SWEEP_EVERY_MS } from '../drivers/vector-index/sync-due.ts';
import type { Events } from '../ports/events.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Database } from '../ports/schema.ts';
import type { TextWriter } from '../ports/text-index.ts';
import type { VectorWriter } from '../ports/vector-index.ts';
import type { RecordsPlace } from '../records/open-records.ts';
import type { WriteTurns } from '../records/write-turns.ts';
import type { Places } from './index-places.ts';

/** The records and both indexes for writing, as the ingest thread uses them. */
export interface IndexWriters {
  readonly db: Kysely<Database>;
  readonly texts: TextWriter;
  readonly vectors: VectorWriter;
  close(): Promise<void>;
}

export interface WriterOptions extends Places {
  readonly dimensions: number;
  /** Of this thread among those of its process. */
  readonly turns?: WriteTurns | undefined;
  /** Connections of this thread where the records are PostgreSQL: one a job, and one beside them. */
  readonly connections: number;
  /** Told once for each time that the vectors' server goes away, and with undefined when it is back. */
  readonly onFault: (error: unknown) => void;
}

/** The connections that go first never copy the log back into the database: this thread does. */
const CHECKPOINT_EVERY_MS = 15_000;

export const queueOf = (records: RecordsPlace, db: Kysely<Database>, events: Events): JobQueue =>
  records.kind === 'postgres' ? createPostgresJobQueue({ db, events }) : createSqliteJobQueue({ db, events });

/** Opens the writers of the places. The code of the others is not loaded. */
export async function openWriters(options: WriterOptions): Promise<IndexWriters> {
  const records = await openRecordWriters(options);
  const { vectors, dimensions } = options;
  if (vectors?.kind !== 'qdrant') return records;
  const { openQdrant } = await import('../drivers/vector-index/qdrant.ts');
  const { createQdrantSync } = await import('../drivers/vector-index/qdrant-sync.ts');
  const { createQdrantWriter } = await import('../drivers/vector-index/row-writer.ts');
  const qdrant = openQdrant({ ...vectors, dimensions });
  const sync = createQdrantSync({ db: records.db, qdrant, onFault: options.onFault });
  const sweeping = setInterval(() => void sync.sweepIfDue(SWEEP_EVERY_MS).catch(() => {}), 60_000).unref();
  // what a process left that died is brought over now
  sync.nudge();
  void sync.sweepIfDue(SWEEP_EVERY_MS).catch(() => {});
  return {
    ...records,
    vectors: createQdrantWriter({ nudge: sync.nudge }),
    async close() {
      clearInterval(sweeping);
      await sync.close();
      qdrant.close();
      await records.close();
    },
  };
}

async function openRecordWriters({ records, turns, connections }: WriterOptions): Promise<IndexWriters> {
  if (records.kind === 'postgres') {
    const { openPostgres } = await import('../records/postgres.ts');
    const { createPostgresTextWriter } = await import('../drivers/text-index/postgres-writer.ts');
    const { createPostgresVectorWriter } = await import('../drivers/vector-index/row-writer.ts');
    const { db, close } = openPostgres(records.url, { poolSize: connections, caFile: records.caFile });
    return { db, texts: createPostgresTextWriter(), vectors: createPostgresVectorWriter(), close };
  }
  const { openSqlite } = await import('../records/sqlite.ts');
  const { createSqliteTextWriter } = await import('../drivers/text-index/sqlite-writer.ts');
  const { createSqliteVectorWriter } = await import('../drivers/vector-index/sqlite-writer.ts');
  const { db, raw, close } = openSqlite(records.path, turns === undefined ? {} : { turns });
  const checkpointing = setInterval(() => raw.pragma('wal_checkpoint(passive)'), CHECKPOINT_EVERY_MS).unref();
  return {
    db,
    texts: createSqliteTextWriter(raw),
    vectors: createSqliteVectorWriter(raw),
    async close() {
      clearInterval(checkpointing);
      raw.pragma('wal_checkpoint(passive)');
      await close();
    },
  };
}
