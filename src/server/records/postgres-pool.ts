import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';
import { UpstreamError } from '../errors.ts';
import { clientConfig } from './postgres-client.ts';
import { isLost } from './postgres-faults.ts';

/** A connection is closed after this long: what the server's end gathered over time goes with it. */
const RECYCLE_S = 1800;
const IDLE_MS = 30_000;

export interface PoolState {
  /** Open connections. */
  readonly open: number;
  readonly idle: number;
  /** Statements and transactions that wait for a connection. */
  readonly waiting: number;
  readonly size: number;
}

export const stateOf = (pool: pg.Pool): PoolState => ({
  open: pool.totalCount,
  idle: pool.idleCount,
  waiting: pool.waitingCount,
  size: pool.options.max,
});

export function openPool(
  url: string,
  { size, caFile }: { size: number; caFile?: string | undefined },
): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(url, caFile),
    max: size,
    idleTimeoutMillis: IDLE_MS,
    maxLifetimeSeconds: RECYCLE_S,
    allowExitOnIdle: true,
  });
  // an idle connection was lost: the pool has let go of it, and the next statement opens another one
  pool.on('error', () => {});
  return pool;
}

/**
 * The pool as Kysely sees it. A connection that turns out to be dead at its first statement is exchanged for another
 * one where nothing can have been done by it: at a `begin` and at a read.
 */
export function patientPool(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    connect: async () => new PatientClient(pool),
    end: () => pool.end(),
  } as PostgresPool;
}

/**
 * PostgreSQL's text holds every character but NUL. Another one in its place keeps all offsets, and finds what was
 * stored so. Pages have none: their text is clean before it is written.
 */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
  return Array.isArray(value) ? value.map(storable) : value;
}

const REPEATABLE = /^\s*(?:begin|start transaction|select|with)\b/i;
/** A read that changes something after all. */
const CHANGES = /\bpg_advisory|\b(?:insert|update|delete)\s/i;
/** A server that restarts is back within seconds; longer waits are for whoever asked. */
const FIRST_TRIES = 3;
const FIRST_PAUSE_MS = 50;

/** Of one statement or transaction. */
class PatientClient implements PostgresPoolClient {
  readonly #pool: pg.Pool;
  #client: pg.PoolClient | undefined;
  #broken: Error | undefined;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: never): R;
  query(sql: string, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<never>> {
    return this.#client === undefined
      ? this.#first(sql, parameters)
      : this.#run(this.#client, sql, parameters);
  }

  async #first(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<never>> {
    const repeatable = REPEATABLE.test(sql) && !CHANGES.test(sql);
    for (let tried = 1; ; tried++) {
      try {
        this.#client = await this.#pool.connect();
        return await this.#run(this.#client, sql, parameters);
      } catch (error) {
        if (!isLost(error)) throw error;
        // without a connection nothing was asked yet
        if (tried >= FIRST_TRIES || !(repeatable || this.#client === undefined))
          throw new UpstreamError('postgres', 'The database does not answer.', {
            retryable: true,
            cause: error,
          });
        this.release();
        await pause(FIRST_PAUSE_MS * 4 ** (tried - 1));
      }
    }
  }

  async #run(
    client: pg.PoolClient,
    sql: string,
    parameters: readonly unknown[],
  ): Promise<PostgresQueryResult<never>> {
    try {
      return (await client.query(sql, parameters.map(storable))) as unknown as PostgresQueryResult<never>;
    } catch (error) {
      if (isLost(error)) this.#broken = error as Error;
      throw error;
    }
  }

  release(): void {
    this.#client?.release(this.#broken);
    this.#client = undefined;
    this.#broken = undefined;
  }
}
