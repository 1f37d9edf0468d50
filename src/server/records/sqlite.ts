import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from '../ports/schema.ts';
import { keepStatements } from './kept-statements.ts';
import { migrateSqlite } from './migrate-sqlite.ts';
import { MIGRATIONS } from './migrations/all.ts';
import type { Migration } from './migrations/migration.ts';
import { type OnStatement, triedDialect } from './tried-dialect.ts';
import { takeTurns, type WriteTurns } from './write-turns.ts';

/** One connection: `db` for queries, `raw` for the index drivers that share its transactions. */
export interface SqliteConnection {
  readonly db: Kysely<Database>;
  readonly raw: Sqlite.Database;
  close(): Promise<void>;
}

export interface SqliteOptions {
  /** Fails every write; the search thread reads this way. */
  readonly readonly?: boolean;
  /** Page cache of this connection. */
  readonly cacheMb?: number;
  /**
   * Of the file, mapped into memory. It saves a fifth of a keyword search's time and counts as resident memory
   * in full (measured: 191 against 117 MB), so it is off unless asked for.
   */
  readonly mmapMb?: number;
  /** Whether this connection goes before or after those of other threads; without it, as luck has it. */
  readonly turns?: WriteTurns;
  /** @throws SqliteError SQLITE_BUSY where anybody else has the file open; nobody else can open it from then on. */
  readonly alone?: boolean;
  /** Nothing that `db` does is committed. */
  readonly tried?: OnStatement;
  /** Hears of every statement on the connection as it runs, with its values in place. */
  readonly onRun?: (sql: string) => void;
}

/** Opens a connection to the installation's database file; it must have been migrated. */
export function openSqlite(
  path: string,
  { readonly = false, cacheMb = 4, mmapMb = 0, turns, alone = false, tried, onRun }: SqliteOptions = {},
): SqliteConnection {
  const raw = new Sqlite(path, {
    readonly,
    fileMustExist: readonly,
    ...(onRun ? { verbose: (sql: unknown) => onRun(String(sql)) } : {}),
  });
  raw.pragma('busy_timeout = 5000');
  if (alone) lockOut(raw);
  if (!readonly) {
    raw.pragma('journal_mode = WAL');
    raw.pragma('synchronous = NORMAL');
    raw.pragma('foreign_keys = ON');
    // what is deleted is overwritten: nothing of a removed document stays readable in the file
    raw.pragma('secure_delete = ON');
    raw.pragma('journal_size_limit = 67108864');
    // copying the log back takes 10 to 50 ms now and then: not in a thread that serves people
    if (turns?.givesWay === false) raw.pragma('wal_autocheckpoint = 0');
  }
  raw.pragma(`cache_size = ${-cacheMb * 1024}`);
  raw.pragma('temp_store = MEMORY');
  raw.pragma(`mmap_size = ${mmapMb * 1024 * 1024}`);
  const dialect = new ImmediateDialect(raw, turns);
  const db = new Kysely<Database>({ dialect: tried ? triedDialect(dialect, tried) : dialect });
  return {
    db,
    raw,
    async close() {
      await db.destroy();
      if (raw.open) raw.close();
    },
  };
}

/** With a log, a connection that keeps its lock holds out readers too, and gets it only where there are none. */
function lockOut(raw: Sqlite.Database): void {
  try {
    raw.pragma('busy_timeout = 500');
    raw.pragma('locking_mode = EXCLUSIVE');
    raw.exec('begin exclusive; commit');
  } catch (error) {
    raw.close();
    throw error;
  }
}

/**
 * Makes or upgrades the installation's database. Once a process, before any thread opens it.
 * @param migrations up to which; all but for a copy of an earlier one.
 */
export function prepareSqlite(
  path: string,
  migrations: readonly Migration[] = MIGRATIONS,
): { from: number; to: number } {
  mkdirSync(dirname(path), { recursive: true });
  const raw = new Sqlite(path);
  try {
    raw.pragma('busy_timeout = 30000');
    // five vectors of 1,536 bytes fit a page of 8 KiB, only two fit one of 4 KiB
    raw.pragma('page_size = 8192');
    becomeWal(raw);
    return migrateSqlite(raw, migrations);
  } finally {
    raw.close();
  }
}

/** Of processes that make a new file at once SQLite turns some away here at once, whatever the busy timeout. */
function becomeWal(raw: Sqlite.Database): void {
  for (let tries = 1; ; tries++)
    try {
      raw.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY' || tries === WAL_TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAL_PAUSE_MS);
    }
}
const WAL_TRIES = 200;
const WAL_PAUSE_MS = 20;

/**
 * Kysely's SQLite dialect with `begin immediate`: a transaction that reads first and writes later would
 * fail at once, without waiting, when another connection wrote in between.
 */
class ImmediateDialect extends SqliteDialect {
  readonly #database: Sqlite.Database;
  readonly #turns: WriteTurns | undefined;
  constructor(database: Sqlite.Database, turns: WriteTurns | undefined) {
    super({ database });
    this.#database = database;
    this.#turns = turns;
  }
  override createDriver(): SqliteDriver {
    const turns = this.#turns;
    return new ImmediateDriver({
      database: keepStatements(this.#database),
      raw: this.#database,
      ...(turns
        ? { onCreateConnection: async (connection) => takeTurns(connection, this.#database, turns) }
        : {}),
    });
  }
  override createAdapter(): SqliteAdapter {
    return new SqliteAdapter();
  }
  override createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }
  override createIntrospector(db: Kysely<Database>): SqliteIntrospector {
    return new SqliteIntrospector(db);
  }
}

class ImmediateDriver extends SqliteDriver {
  readonly #raw: Sqlite.Database;
  constructor({ raw, ...config }: SqliteDialectConfig & { raw: Sqlite.Database }) {
    super(config);
    this.#raw = raw;
  }
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** SQLite has undone it by itself where the disk was full: to ask again would hide that behind a second fault. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#raw.inTransaction) await super.rollbackTransaction(connection);
  }
}
