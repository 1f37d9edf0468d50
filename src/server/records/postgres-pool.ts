import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';
import { UpstreamError } from '../errors.ts';
import { clientConfig } from './postgres-client.ts';
import { isLockTimeout, isLost, isStatementTimeout } from './postgres-faults.ts';
import type { ReadRoute } from './read-replicas.ts';
import type { Replica } from './replica.ts';

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
  surviveLoss(pool);
  return pool;
}

/**
 * A connection may be lost while nobody waits for it: idle, or between two statements of a transaction. Whoever uses
 * it next is told, and the pool lets go of it; without a listener the process would end.
 */
export function surviveLoss(pool: pg.Pool): void {
  pool.on('error', () => {});
  pool.on('connect', (client) => void client.on('error', () => {}));
}

/**
 * The pool as Kysely sees it. A connection that turns out to be dead at its first statement is exchanged for another
 * one where nothing can have been done by it: at a `begin` and at a read.
 *
 * @param route where there are replicas: reads outside transactions go to the one that the running request may read.
 */
export function patientPool(pool: pg.Pool, route?: ReadRoute): PostgresPool {
  return {
    options: pool.options,
    connect: async () => new PatientClient(pool, route),
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

const BEGINS = /^\s*(?:begin|start transaction)\b/i;
const READS = /^\s*(?:select|with)\b/i;
/** A read that changes or locks something after all, and every write. */
const CHANGES = /\bpg_advisory|\b(?:insert|update|delete)\s|\bfor (?:no key )?(?:update|share)\b/i;
/** A server that restarts is back within seconds; longer waits are for whoever asked. */
const FIRST_TRIES = 3;
const FIRST_PAUSE_MS = 50;

/** Of one statement or transaction. */
class PatientClient implements PostgresPoolClient {
  readonly #pool: pg.Pool;
  readonly #route: ReadRoute | undefined;
  #client: pg.PoolClient | undefined;
  #broken: Error | undefined;
  #inTransaction = false;
  #changed = false;

  constructor(pool: pg.Pool, route: ReadRoute | undefined) {
    this.#pool = pool;
    this.#route = route;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: never): R;
  async query(sql: string, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<never>> {
    const values = parameters.map(storable);
    if (this.#client !== undefined) return this.#run(this.#client, sql, values);
    const replica = READS.test(sql) && !CHANGES.test(sql) ? this.#route?.replica() : undefined;
    return (replica && (await readFrom(replica, sql, values))) ?? this.#first(sql, values);
  }

  async #first(sql: string, values: unknown[]): Promise<PostgresQueryResult<never>> {
    const repeatable = BEGINS.test(sql) || (READS.test(sql) && !CHANGES.test(sql));
    for (let tried = 1; ; tried++) {
      try {
        this.#client = await this.#pool.connect();
        return await this.#run(this.#client, sql, values);
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

  async #run(client: pg.PoolClient, sql: string, values: unknown[]): Promise<PostgresQueryResult<never>> {
    try {
      const result = (await client.query(sql, values)) as unknown as PostgresQueryResult<never>;
      if (this.#route !== undefined) await this.#noteChanges(this.#route, client, sql);
      return result;
    } catch (error) {
      if (isLost(error)) this.#broken = error as Error;
      throw asWaitedTooLong(error);
    }
  }

  /** With the statement that ends the transaction, and outside of one with each that changes something. */
  async #noteChanges(route: ReadRoute, client: pg.PoolClient, sql: string): Promise<void> {
    if (BEGINS.test(sql)) this.#inTransaction = true;
    else if (/^\s*(?:commit|rollback)\s*$/i.test(sql)) {
      this.#inTransaction = false;
      if (/rollback/i.test(sql)) this.#changed = false;
    } else if (CHANGES.test(sql)) this.#changed = true;
    if (!this.#changed || this.#inTransaction) return;
    this.#changed = false;
    await route.wrote(client);
  }

  release(): void {
    this.#client?.release(this.#broken);
    this.#client = undefined;
    this.#broken = undefined;
  }
}

function asWaitedTooLong(error: unknown): unknown {
  const waited = isLockTimeout(error)
    ? 'The database waits for another change.'
    : isStatementTimeout(error)
      ? 'The database took too long.'
      : undefined;
  if (waited === undefined) return error;
  return new UpstreamError('postgres', waited, { retryable: true, cause: error });
}

/** @returns undefined when the replica can't tell: it failed, or replays what the statement would have read. */
async function readFrom(
  replica: Replica,
  sql: string,
  values: unknown[],
): Promise<PostgresQueryResult<never> | undefined> {
  let client: pg.PoolClient | undefined;
  try {
    client = await replica.connect();
    const result = await client.query(sql, values);
    replica.release(client);
    return result as unknown as PostgresQueryResult<never>;
  } catch (error) {
    const mine = replica.failed(error);
    if (client !== undefined) replica.release(client, mine ? (error as Error) : undefined);
    if (mine) return undefined;
    throw error;
  }
}
