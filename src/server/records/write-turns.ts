import type BetterSqlite3 from 'better-sqlite3';
import type { DatabaseConnection } from 'kysely';

/**
 * Who goes first at the write lock, among the threads of one process. SQLite wakes nobody when its lock is
 * free: a connection that finds it taken sleeps for 1, 2, 5, 10 … ms between tries, with its whole thread,
 * while one that writes in bulk takes it again at once. So a thread that serves people says that it waits,
 * and the one that writes in bulk begins no transaction until that one is through.
 */
export interface WriteTurns {
  /** How many connections wait that go first. Shared by all threads. */
  readonly waiting: Int32Array;
  /** Whether this connection gives way, or goes first. */
  readonly givesWay: boolean;
}

/** The shared part; it goes to other threads as it is. */
export const newWriteTurns = (): Int32Array =>
  new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** A thread that ended while it waited must not stop the other one for ever. */
const LONGEST_PAUSE_MS = 50;
const TAKES_LOCK = /^\s*(?:begin|insert|update|delete|replace)/i;

/** Makes a connection of Kysely's take its turns. */
export function takeTurns(
  connection: DatabaseConnection,
  raw: BetterSqlite3.Database,
  { waiting, givesWay }: WriteTurns,
): void {
  const execute = connection.executeQuery.bind(connection);
  connection.executeQuery = async (query, options) => {
    if (raw.inTransaction || !TAKES_LOCK.test(query.sql)) return execute(query, options);
    if (givesWay) {
      const others = Atomics.load(waiting, 0);
      if (others > 0) await Atomics.waitAsync(waiting, 0, others, LONGEST_PAUSE_MS).value;
      return execute(query, options);
    }
    Atomics.add(waiting, 0, 1);
    try {
      // the driver is synchronous: the lock has been waited for when the call returns
      return await execute(query, options);
    } finally {
      Atomics.sub(waiting, 0, 1);
      Atomics.notify(waiting, 0);
    }
  };
}
