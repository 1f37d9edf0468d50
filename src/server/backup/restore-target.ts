import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { MIGRATIONS } from '../records/migrations/all.ts';
import { prepareRecords, type RecordsPlace } from '../records/open-records.ts';
import { BACKED_UP, LEFT_OUT } from './backed-up-tables.ts';

type Load<T> = (db: Kysely<Database>) => Promise<T>;
type Place<Kind extends RecordsPlace['kind']> = Extract<RecordsPlace, { kind: Kind }>;

/** Restoring is only done into an installation that holds nothing. */
export class NotEmpty extends Error {
  override readonly name = 'NotEmpty';
  constructor(where: string) {
    super(
      `${where} holds an installation already, and a backup is restored into an empty one only: ` +
        'set DATA_DIR (and DATABASE_URL, STORAGE_URL where they are used) to a new place, or move away what is there.',
    );
  }
}

/** @throws NotEmpty, UpstreamError where the server can't be reached. */
export async function needEmpty(place: RecordsPlace): Promise<void> {
  if (place.kind === 'sqlite') {
    if (existsSync(place.path) && !(await isEmptySqlite(place.path))) throw new NotEmpty(dirname(place.path));
    return;
  }
  await inPostgres(place, async (db) => {
    if (!(await holdsNobody(db))) throw new NotEmpty('The database of DATABASE_URL');
  });
}

/**
 * Has rows loaded into tables of an earlier or this release, and then brought to this one's. What is loaded is seen
 * by others when all of it is there; nothing is when `load` fails.
 *
 * @param place empty.
 */
export const loadRecords = <T>(place: RecordsPlace, schemaVersion: number, load: Load<T>): Promise<T> =>
  place.kind === 'sqlite' ? loadSqlite(place, schemaVersion, load) : loadPostgres(place, schemaVersion, load);

const upTo = (version: number) => MIGRATIONS.filter((migration) => migration.version <= version);

const STAGE = 'restoring-';

/** A file beside its place, which goes there when it is complete. */
async function loadSqlite<T>({ path }: Place<'sqlite'>, schemaVersion: number, load: Load<T>): Promise<T> {
  const { openSqlite, prepareSqlite } = await import('../records/sqlite.ts');
  const folder = join(dirname(path), `${STAGE}${randomUUID()}`);
  const made = join(folder, 'knowledge.db');
  try {
    // of a restore that was killed
    for (const name of await readdir(dirname(path)).catch(() => []))
      if (name.startsWith(STAGE)) await rm(join(dirname(path), name), { recursive: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    prepareSqlite(made, upTo(schemaVersion));
    const { db, raw, close } = openSqlite(made, { cacheMb: 64 });
    let loaded: T;
    try {
      // nobody uses the file before it has been written to the disk as a whole
      raw.pragma('synchronous = OFF');
      loaded = await load(db);
    } finally {
      await close();
    }
    prepareSqlite(made);
    await settleFile(made);
    await takePlace(made, path);
    return loaded;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function settleFile(path: string): Promise<void> {
  const { default: Sqlite } = await import('better-sqlite3');
  const raw = new Sqlite(path);
  try {
    const said = raw.pragma('quick_check(1)', { simple: true });
    if (said !== 'ok') throw new Error(`The restored database is damaged: ${String(said)}`);
    raw.pragma('wal_checkpoint(truncate)');
  } finally {
    raw.close();
  }
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function takePlace(made: string, path: string): Promise<void> {
  if (existsSync(path)) await endEmptySqlite(path);
  for (const left of [`${path}-wal`, `${path}-shm`]) await rm(left, { force: true });
  await rename(made, path);
}

async function isEmptySqlite(path: string): Promise<boolean> {
  const { openSqlite } = await import('../records/sqlite.ts');
  const { db, close } = openSqlite(path);
  try {
    return await holdsNobody(db);
  } finally {
    await close();
  }
}

/** An empty database gives way to the restored one, unless a process has it open. */
async function endEmptySqlite(path: string): Promise<void> {
  const { default: Sqlite } = await import('better-sqlite3');
  const raw = new Sqlite(path, { timeout: 2000 });
  try {
    // leaving the write-ahead log needs the file for oneself
    raw.pragma('journal_mode = DELETE');
  } catch (error) {
    throw new Error('A process has the empty installation open: stop the service, then restore.', {
      cause: error,
    });
  } finally {
    raw.close();
  }
}

/** Everything else belongs to somebody. */
async function holdsNobody(db: Kysely<Database>): Promise<boolean> {
  const tables = await db.introspection.getTables();
  if (!tables.some(({ name }) => name === 'users')) return true;
  return (await db.selectFrom('users').select('id').limit(1).executeTakeFirst()) === undefined;
}

/** One transaction over tables that are made anew. */
async function loadPostgres<T>(place: Place<'postgres'>, schemaVersion: number, load: Load<T>): Promise<T> {
  const { preparePostgres } = await import('../records/postgres.ts');
  await inPostgres(place, async (db) => {
    await needAlone(db);
    if (!(await holdsNobody(db))) throw new NotEmpty('The database of DATABASE_URL');
    for (const table of [
      'schema_migrations',
      'last_writes',
      ...LEFT_OUT,
      ...BACKED_UP.map(({ name }) => name),
    ])
      await sql`drop table if exists ${sql.table(table)} cascade`.execute(db);
    await sql`drop function if exists message_words`.execute(db);
  });
  await preparePostgres(place.url, place.caFile, { migrations: upTo(schemaVersion) });
  const loaded = await inPostgres(place, (db) =>
    db.connection().execute(async (own) => {
      await sql`begin`.execute(own);
      try {
        await sql`set local statement_timeout = 0`.execute(own);
        await sql`set local idle_in_transaction_session_timeout = 0`.execute(own);
        const result = await load(own);
        await sql`commit`.execute(own);
        return result;
      } catch (error) {
        await sql`rollback`.execute(own);
        throw error;
      }
    }),
  );
  await prepareRecords(place);
  return loaded;
}

async function inPostgres<T>(place: Place<'postgres'>, use: Load<T>): Promise<T> {
  const { openPostgres } = await import('../records/postgres.ts');
  const { db, close } = openPostgres(place.url, { poolSize: 1, caFile: place.caFile });
  try {
    return await use(db);
  } finally {
    await close();
  }
}

const LINGER_MS = 3000;

/** A connection that was just closed is listed for a moment. */
async function needAlone(db: Kysely<Database>): Promise<void> {
  for (const until = Date.now() + LINGER_MS; ; await pause(50)) {
    const { rows } = await sql<{ others: number }>`
      select count(*) as others from pg_stat_activity where datname = current_database()
        and application_name = current_setting('application_name') and pid <> pg_backend_pid()`.execute(db);
    if (Number(rows[0]?.others) === 0) return;
    if (Date.now() > until)
      throw new Error('A process has the empty database open: stop the service, then restore.');
  }
}
