import { type Kysely, sql } from 'kysely';
import type { FileStore } from '../ports/file-store.ts';
import type { Database } from '../ports/schema.ts';
import { isPostgres } from '../records/dialect.ts';
import type { RecordsPlace } from '../records/open-records.ts';
import { readSnapshot } from '../records/read-snapshot.ts';
import { checkFiles } from './check-files.ts';
import { checkIndex } from './check-index.ts';
import { checkDocuments, checkRevisions, checkStrays } from './check-revisions.ts';
import { checkWork } from './check-work.ts';
import { readExpectedPurges } from './expected-purges.ts';
import { faultOf, type Range, type StoreFault } from './store-fault.ts';

export interface CheckedStores {
  /** Prepared. */
  readonly records: RecordsPlace;
  /** Of the same records, as they are now. */
  readonly db: Kysely<Database>;
  readonly files: FileStore;
  /** Ranges in which a server of vectors holds other keys than the records; undefined: there is no such server. */
  readonly vectorServer?: (() => AsyncIterable<Range>) | undefined;
  /**
   * A file without a document may be an upload that still runs while it is younger. 0 where nothing runs.
   * Default: an hour.
   */
  readonly uploadsMs?: number;
}

export interface InstallationCheck {
  /** What was looked at. */
  readonly checked: Readonly<Record<'files' | 'passages' | 'vectors', number>>;
  /** Nothing is wrong without any. */
  readonly faults: readonly StoreFault[];
}

const UPLOADS_MS = 3_600_000;

/**
 * Holds every store against the records: originals by their bytes, pages, passages, vectors, words, jobs, tasks and
 * sums. It reads the records as they were at one moment, so that what is being written meanwhile does not look broken;
 * what waits for a job or a purge is not broken either.
 */
export async function checkInstallation(stores: CheckedStores): Promise<InstallationCheck> {
  const uploadsSince = new Date(Date.now() - (stores.uploadsMs ?? UPLOADS_MS));
  return readSnapshot(stores.records, async (db) => {
    const broken = await checkDatabase(db);
    // what a damaged database says of anything else is worth nothing
    if (broken.length > 0) return { checked: { files: 0, passages: 0, vectors: 0 }, faults: broken };
    const purges = await readExpectedPurges(db);
    const documents = await checkDocuments(db);
    const revisions = await checkRevisions(db, purges);
    const strays = await checkStrays(db);
    const { passages, vectors, faults: index } = await checkIndex(db, purges);
    const work = await checkWork(db);
    const { files, faults: originals } = await checkFiles({
      db,
      now: stores.db,
      files: stores.files,
      purges,
      uploadsSince,
    });
    const server = await checkVectorServer(stores);
    return {
      checked: { files, passages, vectors },
      faults: [...originals, ...documents, ...revisions, ...strays, ...index, ...work, ...server],
    };
  });
}

async function checkDatabase(db: Kysely<Database>): Promise<StoreFault[]> {
  return faultOf(isPostgres(db) ? await invalidIndexes(db) : await damagedPages(db), {
    check: 'database',
    detail: 'The database is damaged.',
    mend: isPostgres(db) ? 'reindex what is named' : 'restore the newest backup',
    repair: undefined,
  });
}

async function damagedPages(db: Kysely<Database>): Promise<string[]> {
  const pages = await sql<{ integrity_check: string }>`pragma integrity_check(20)`.execute(db);
  const keys = await sql<{ table: string; rowid: number; parent: string }>`pragma foreign_key_check`.execute(
    db,
  );
  return [
    ...pages.rows.map(({ integrity_check }) => integrity_check).filter((said) => said !== 'ok'),
    ...keys.rows.map(({ table, rowid, parent }) => `${table} ${rowid} names no row of ${parent}`),
  ];
}

/** The server verifies the sums of its pages itself when it reads them, and foreign keys with every change. */
async function invalidIndexes(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select i.indexrelid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = current_schema()::regnamespace and not (i.indisvalid and i.indisready)`.execute(
    db,
  );
  return rows.map(({ name }) => `index ${name} is not valid`);
}

/** What is noted as written and has not been brought there yet is no difference. */
async function checkVectorServer({ vectorServer, db }: CheckedStores): Promise<StoreFault[]> {
  if (vectorServer === undefined) return [];
  const noted = await readNotes(db);
  const different: Range[] = [];
  for await (const range of vectorServer()) different.push(range);
  noted.push(...(await readNotes(db)));
  const found = different.filter((range) => !noted.some((note) => touches(note, range)));
  return faultOf(
    found.map(({ collectionNo, first }) => `collection ${collectionNo}, passage ${first}`),
    {
      check: 'vector-server',
      detail: 'The server of vectors holds other passages than the records.',
      mend: 'it is brought up to the records',
      repair: { do: 'sync-vector-server' },
    },
  );
}

async function readNotes(db: Kysely<Database>): Promise<Range[]> {
  const rows = await db.selectFrom('vector_log').selectAll().execute();
  return rows.map(({ collection_no, first_ordinal, ordinal_count }) => ({
    collectionNo: Number(collection_no),
    first: Number(first_ordinal),
    count: ordinal_count,
  }));
}

const touches = (a: Range, b: Range): boolean =>
  a.collectionNo === b.collectionNo && a.first < b.first + b.count && b.first < a.first + a.count;
