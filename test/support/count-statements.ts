import type BetterSqlite3 from 'better-sqlite3';

const RUNS = ['all', 'get', 'run', 'iterate'] as const;

/** Notes every statement that runs on the connection from now on, in order, whoever prepared it. @returns what ran since it was last asked. */
export function countStatements(raw: BetterSqlite3.Database): () => string[] {
  const prototype = Object.getPrototypeOf(raw.prepare('select 1')) as BetterSqlite3.Statement;
  let ran: string[] = [];
  for (const name of RUNS) {
    const run = prototype[name] as (this: BetterSqlite3.Statement, ...values: unknown[]) => unknown;
    prototype[name] = function (this: BetterSqlite3.Statement, ...values: unknown[]) {
      if (this.database === raw) ran.push(this.source);
      return run.apply(this, values);
    } as never;
  }
  return () => {
    const taken = ran;
    ran = [];
    return taken;
  };
}
