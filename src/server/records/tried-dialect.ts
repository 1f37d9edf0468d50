import { CompiledQuery, type DatabaseConnection, type Dialect, type Driver, type QueryResult } from 'kysely';

/** Hears of each statement before it runs, on its connection, and says what to do when it has run. */
export type OnStatement = (
  statement: { readonly sql: string; readonly parameters: readonly unknown[] },
  run: (sql: string, parameters?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>,
) => Promise<(result: { readonly tookMs: number; readonly rows: number }) => void>;

/**
 * A database on which everything is only tried: all that happens on its one connection is part of a transaction that
 * is never committed. Transactions of those who use it are savepoints in it.
 *
 * @param dialect has one connection.
 */
export function triedDialect(dialect: Dialect, onStatement: OnStatement): Dialect {
  return {
    createDriver: () => new TryingDriver(dialect.createDriver(), onStatement),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  };
}

const SAVEPOINT = 'tried';

class TryingDriver implements Driver {
  readonly #inner: Driver;
  readonly #onStatement: OnStatement;
  #begun = false;

  constructor(inner: Driver, onStatement: OnStatement) {
    this.#inner = inner;
    this.#onStatement = onStatement;
  }

  init(): Promise<void> {
    return this.#inner.init();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const own = await this.#inner.acquireConnection();
    if (!this.#begun) await own.executeQuery(CompiledQuery.raw('begin'));
    this.#begun = true;
    return new TryingConnection(own, this.#onStatement);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as TryingConnection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as TryingConnection).end();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as TryingConnection).end(`rollback to savepoint ${SAVEPOINT}`);
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    return this.#inner.releaseConnection((connection as TryingConnection).own);
  }

  async destroy(): Promise<void> {
    if (this.#begun) {
      const own = await this.#inner.acquireConnection();
      await own.executeQuery(CompiledQuery.raw('rollback')).finally(() => this.#inner.releaseConnection(own));
    }
    await this.#inner.destroy();
  }
}

class TryingConnection implements DatabaseConnection {
  readonly own: DatabaseConnection;
  readonly #onStatement: OnStatement;
  #inTransaction = false;

  constructor(own: DatabaseConnection, onStatement: OnStatement) {
    this.own = own;
    this.#onStatement = onStatement;
  }

  async begin(): Promise<void> {
    await this.#raw(`savepoint ${SAVEPOINT}`);
    this.#inTransaction = true;
  }

  async end(undo?: string): Promise<void> {
    this.#inTransaction = false;
    if (undo !== undefined) await this.#raw(undo);
    await this.#raw(`release savepoint ${SAVEPOINT}`);
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const done = await this.#onStatement(query, (sql, parameters = []) =>
      this.#aside(async () => (await this.#raw(sql, parameters)).rows as Record<string, unknown>[]),
    );
    const startedMs = performance.now();
    // outside of a transaction of its user, one that fails must not end the great one
    const result = await (this.#inTransaction
      ? this.own.executeQuery<R>(query)
      : this.#aside(() => this.own.executeQuery<R>(query), { keep: true }));
    const { rows, numAffectedRows } = result;
    done({ tookMs: performance.now() - startedMs, rows: Number(numAffectedRows ?? rows.length) });
    return result;
  }

  /** Leaves nothing behind unless it is kept and goes well. */
  async #aside<T>(work: () => Promise<T>, { keep = false } = {}): Promise<T> {
    await this.#raw('savepoint aside');
    let undo = !keep;
    try {
      return await work();
    } catch (error) {
      undo = true;
      throw error;
    } finally {
      if (undo) await this.#raw('rollback to savepoint aside');
      await this.#raw('release savepoint aside');
    }
  }

  #raw(sql: string, parameters: readonly unknown[] = []): Promise<QueryResult<unknown>> {
    return this.own.executeQuery(CompiledQuery.raw(sql, [...parameters]));
  }

  // biome-ignore lint/correctness/useYield: the records stream nothing
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('the records stream nothing');
  }
}
