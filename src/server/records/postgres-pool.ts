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

/** Which servers a statement may go to. */
export interface Routing {
  /** A replica that has what the caller must see; undefined: the primary. */
  forRead(): Promise<pg.Pool | undefined>;
  /** Called after a change, with its connection still held. */
  changed(client: pg.PoolClient): Promise<void>;
  /** A replica did not answer. */
  failed(pool: pg.Pool): void;
}

/**
 * The pool as Kysely sees it. Which server a connection belongs to is decided by its first statement, and a
 * connection that turns out to be dead at that statement is exchanged for another one where nothing can have been
 * done by it: at a `begin` and at a read.
 */
export function routedPool(primary: pg.Pool, routing?: Routing): PostgresPool {
  return {
    options: primary.options,
    connect: async () => new RoutedClient(primary, routing),
    end: () => primary.end(),
  } as PostgresPool;
}

const READ = /^\s*(?:select|with)\b/i;
/** A read that locks rows, or calls what changes something, belongs to the primary. */
const CHANGES = /\bfor\s+(?:no key\s+)?(?:update|share)\b|pg_advisory|\b(?:insert|update|delete)\b\s/i;
const BEGIN = /^\s*(?:begin|start transaction)\b/i;
const WRITE = /^\s*(?:insert|update|delete)\b/i;
const COMMIT = /^\s*commit\b/i;

/** Of one statement or transaction. */
class RoutedClient implements PostgresPoolClient {
  readonly #primary: pg.Pool;
  readonly #routing: Routing | undefined;
  #client: pg.PoolClient | undefined;
  #broken: Error | undefined;
  #inTransaction = false;

  constructor(primary: pg.Pool, routing: Routing | undefined) {
    this.#primary = primary;
    this.#routing = routing;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: never): R;
  query(sql: string, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<never>> {
    return this.#client === undefined
      ? this.#first(sql, parameters)
      : this.#run(this.#client, sql, parameters);
  }

  async #first(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<never>> {
    const reads = READ.test(sql) && !CHANGES.test(sql);
    const replica = reads ? await this.#routing?.forRead() : undefined;
    if (replica !== undefined) {
      try {
        return await this.#on(replica, sql, parameters);
      } catch (error) {
        if (!isLost(error) && !isReplayConflict(error)) throw error;
        this.#routing?.failed(replica);
        this.#letGo(error as Error);
      }
    }
    for (let tried = 1; ; tried++) {
      try {
        return await this.#on(this.#primary, sql, parameters);
      } catch (error) {
        if (!isLost(error)) throw error;
        if (tried >= FIRST_TRIES || !(reads || BEGIN.test(sql) || this.#client === undefined))
          throw new UpstreamError('postgres', 'The database does not answer.', {
            retryable: true,
            cause: error,
          });
        this.#letGo(error as Error);
        await pause(FIRST_PAUSE_MS * 4 ** (tried - 1));
      }
    }
  }

  async #on(pool: pg.Pool, sql: string, parameters: readonly unknown[]) {
    this.#client = await pool.connect();
    return this.#run(this.#client, sql, parameters);
  }

  async #run(
    client: pg.PoolClient,
    sql: string,
    parameters: readonly unknown[],
  ): Promise<PostgresQueryResult<never>> {
    try {
      const result = await client.query(sql, [...parameters]);
      if (BEGIN.test(sql)) this.#inTransaction = true;
      const changed = this.#inTransaction ? COMMIT.test(sql) : WRITE.test(sql);
      if (changed) await this.#routing?.changed(client);
      return result as unknown as PostgresQueryResult<never>;
    } catch (error) {
      if (isLost(error)) this.#broken = error as Error;
      throw error;
    }
  }

  #letGo(error: Error): void {
    this.#client?.release(error);
    this.#client = undefined;
    this.#broken = undefined;
  }

  release(): void {
    this.#client?.release(this.#broken);
    this.#client = undefined;
  }
}

/** A server that restarts is back within seconds; longer waits are for whoever asked. */
const FIRST_TRIES = 3;
const FIRST_PAUSE_MS = 50;

/** A replica ended the statement because the primary removed rows that it read. */
const isReplayConflict = (error: unknown): boolean =>
  (error as { code?: string }).code === '40001' || (error as { code?: string }).code === '40P01';
