import { setTimeout as pause } from 'node:timers/promises';
import {
  HandleEmptyInListsPlugin,
  Kysely,
  type KyselyConfig,
  PostgresDialect,
  replaceWithNoncontingentExpression,
  sql,
  type TransactionBuilder,
} from 'kysely';
import pg from 'pg';
import { UpstreamError } from '../errors.ts';
import type { Database } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { migratePostgres } from './migrate-postgres.ts';
import { MIGRATIONS } from './migrations/all.ts';
import type { Migration } from './migrations/migration.ts';
import { clientConfig } from './postgres-client.ts';
import { isCollision, isConflict, isLost } from './postgres-faults.ts';
import { openPool, type PoolState, patientPool, stateOf } from './postgres-pool.ts';
import { openReadReplicas, type ReadReplicas, type ReplicaOptions } from './read-replicas.ts';
import { type OnStatement, triedDialect } from './tried-dialect.ts';

/** The records on PostgreSQL. */
export interface PostgresConnection {
  readonly db: Kysely<Database>;
  /** For gauges. */
  pool(): PoolState;
  /** Undefined when none is named. */
  readonly replicas: ReadReplicas | undefined;
  close(): Promise<void>;
}

export interface PostgresOptions {
  /** Most connections at once. */
  readonly poolSize?: number;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string | undefined;
  /** A transaction is begun anew because of another one. */
  readonly onConflict?: () => void;
  /** Copies to read from. */
  readonly replicas?: Omit<ReplicaOptions, 'poolSize' | 'caFile'> | undefined;
  /** Nothing is committed; one connection is all. */
  readonly tried?: OnStatement | undefined;
}

export const DEFAULT_POOL_SIZE = 10;

/**
 * Opens the records of a database that has been migrated. Nothing is connected before the first statement.
 *
 * Transactions are `serializable`, as they are on SQLite where only one writes at a time: the records' code looks
 * first and then writes, and need not ask who else does. One that lost against another is begun anew, so that its
 * callback may run several times and must change nothing but the database.
 */
export function openPostgres(
  url: string,
  {
    poolSize = DEFAULT_POOL_SIZE,
    caFile,
    onConflict = () => {},
    replicas: copies,
    tried,
  }: PostgresOptions = {},
): PostgresConnection {
  const pool = openPool(url, { size: tried ? 1 : poolSize, caFile });
  const replicas = copies && openReadReplicas(pool, { ...copies, poolSize, caFile });
  const dialect = new PostgresDialect({ pool: patientPool(pool, replicas?.route) });
  const db = new SerializableKysely(
    {
      dialect: tried ? triedDialect(dialect, tried) : dialect,
      // SQLite takes `in ()` for a list that holds nothing
      plugins: [new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression })],
    },
    onConflict,
  );
  return {
    db,
    pool: () => stateOf(pool),
    replicas,
    async close() {
      await replicas?.close();
      await db.destroy();
    },
  };
}

/**
 * Makes or upgrades the database; of several processes at once one does it and the others wait.
 * @param options.migrations up to which; all but for a copy of an earlier one.
 */
export async function preparePostgres(
  url: string,
  caFile?: string,
  {
    movingIn = false,
    migrations = MIGRATIONS,
  }: { movingIn?: boolean; migrations?: readonly Migration[] } = {},
): Promise<{ from: number; to: number }> {
  const client = new pg.Client(clientConfig(url, caFile));
  try {
    await client.connect();
  } catch (error) {
    throw new UpstreamError('postgres', `The database of DATABASE_URL can't be reached: ${sayWhy(error)}`, {
      retryable: isLost(error),
      cause: error,
    });
  }
  try {
    return await migratePostgres(client, migrations, { movingIn });
  } finally {
    await client.end();
  }
}

/** Several addresses that all refused make an error without words of its own. */
function sayWhy(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message || code || String(error);
}

/** Nine lost in a row: then others would go first for ever. */
const MOST_TRIES = 10;
const FIRST_PAUSE_MS = 2;
/** Names the line in which transactions wait that lost against another one: `ka` as bytes, and 2. */
const LINE = sql`${sql.lit(0x6b61)}, ${sql.lit(2)}`;

class SerializableKysely extends Kysely<Database> {
  readonly #onConflict: () => void;
  constructor(config: KyselyConfig, onConflict: () => void) {
    super(config);
    this.#onConflict = onConflict;
  }

  override transaction(): TransactionBuilder<Database> {
    const builder = super.transaction().setIsolationLevel('serializable');
    const once = builder.execute.bind(builder);
    builder.execute = (work) => this.#untilItHolds(once, work as never) as never;
    return builder;
  }

  async #untilItHolds<T>(
    once: (work: (tx: Transaction) => Promise<T>) => Promise<T>,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    let collided = false;
    for (let tried = 1; ; tried++) {
      try {
        return tried === 1 ? await once(work) : await this.#inLine(work);
      } catch (error) {
        const lostItsTurn = isConflict(error) || (isCollision(error) && !collided);
        if (!lostItsTurn || tried === MOST_TRIES) throw asUpstream(error);
        collided ||= isCollision(error);
        this.#onConflict();
        await pause(Math.random() * FIRST_PAUSE_MS * tried);
      }
    }
  }

  /**
   * What lost once goes on one at a time, as all writers do on SQLite: many that write the same rows would otherwise
   * undo each other's work over and over. The line is joined before the transaction begins and sees the data.
   */
  #inLine<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.connection().execute(async (own) => {
      await sql`select pg_advisory_lock(${LINE})`.execute(own);
      try {
        return await own.transaction().setIsolationLevel('serializable').execute(work);
      } finally {
        await sql`select pg_advisory_unlock(${LINE})`.execute(own).catch(() => {});
      }
    });
  }
}

function asUpstream(error: unknown): unknown {
  if (isConflict(error))
    return new UpstreamError('postgres', 'Too many changes of the same records at once.', {
      retryable: true,
      cause: error,
    });
  if (isLost(error))
    return new UpstreamError('postgres', 'The connection to the database was lost.', {
      retryable: true,
      cause: error,
    });
  return error;
}
