import type BetterSqlite3 from 'better-sqlite3';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { LRUCache } from 'lru-cache';

/** The process asks some hundred different statements; each takes about 10 kB. */
const KEPT = 150;
/** Longer ones are lists of values, hardly ever the same twice. */
const MAX_LENGTH = 5000;

/**
 * The database as Kysely sees it, with statements that are prepared once instead of at every call: preparing
 * takes a quarter of the time of an authenticated list of 20 documents (711 against 540 µs of CPU, autocannon).
 */
export function keepStatements(raw: BetterSqlite3.Database): SqliteDatabase {
  const kept = new LRUCache<string, BetterSqlite3.Statement>({ max: KEPT });
  return {
    prepare(source: string): SqliteStatement {
      let statement = kept.get(source);
      // one whose rows are still being read can't be begun again
      if (statement === undefined || statement.busy) {
        statement = raw.prepare(source);
        if (source.length <= MAX_LENGTH) kept.set(source, statement);
      }
      return statement as unknown as SqliteStatement;
    },
    close: () => raw.close(),
  };
}
