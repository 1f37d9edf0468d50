import type BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';

/**
 * Every distinct statement that ran on the test apps of this process, as its database got it. Tests of lists
 * and searches ask at their end whether one of them read a whole table.
 */
export const statementsSeen = new Set<string>();

/** Notes the statements that are prepared on the connection from now on. */
export function collectStatements(raw: BetterSqlite3.Database): void {
  const prepare = raw.prepare.bind(raw);
  raw.prepare = ((source: string) => {
    statementsSeen.add(source);
    return prepare(source);
  }) as typeof raw.prepare;
}

/** Forgets what was seen. */
export const forgetStatements = (): void => statementsSeen.clear();

export interface Scan {
  readonly statement: string;
  /** The plan's step, for example `SCAN documents`. */
  readonly step: string;
}

/**
 * The statements seen so far that read, update or delete and whose plan scans a table (a scan of a covering
 * index counts too; one of a subquery's few rows does not).
 */
export function scansOf(raw: BetterSqlite3.Database, statements: Iterable<string> = statementsSeen): Scan[] {
  const scans: Scan[] = [];
  for (const statement of statements) {
    if (!/^\s*(select|with|update|delete)\b/i.test(statement)) continue;
    const parameters = new Array(statement.match(/\?/g)?.length ?? 0).fill(null);
    const plan = raw.prepare(`explain query plan ${statement}`).all(...parameters) as { detail: string }[];
    if (readsInOrder(statement, plan)) continue;
    for (const { detail } of plan) {
      const table = /^SCAN (\w+)/.exec(detail)?.[1];
      if (table !== undefined && !/VIRTUAL TABLE INDEX|^SCAN \d|CONSTANT ROW|SUBQUERY/.test(detail))
        scans.push({ statement, step: detail });
    }
  }
  return scans;
}

/** The same of statements that ran on PostgreSQL. */
export async function postgresScansOf(url: string, statements: Iterable<string>): Promise<Scan[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // a small table is read as a whole where nothing forbids it; what is left has no index that would serve
    await client.query('set enable_seqscan = off');
    const scans: Scan[] = [];
    for (const statement of statements) {
      if (!/^\s*(select|with|update|delete)\b/i.test(statement)) continue;
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain (generic_plan) ${statement}`);
      for (const { 'QUERY PLAN': step } of rows)
        if (/\bSeq Scan on /.test(step)) scans.push({ statement, step: step.trim() });
    }
    return scans;
  } finally {
    await client.end();
  }
}

/** Notes the distinct statements that any client of PostgreSQL runs from now on, until `stop`. */
export function watchPostgres(statements = new Set<string>()): {
  readonly statements: ReadonlySet<string>;
  stop(): void;
} {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...call: unknown[]) {
    if (typeof call[0] === 'string') statements.add(call[0]);
    return Reflect.apply(query, this, call);
  } as typeof query;
  return {
    statements,
    stop() {
      pg.Client.prototype.query = query;
    },
  };
}

/** The first rows of an index, in its order, with no condition that could pass rows over: it stops at the limit. */
function readsInOrder(statement: string, plan: readonly { detail: string }[]): boolean {
  let outer = statement;
  while (/\([^()]*\)/.test(outer)) outer = outer.replaceAll(/\([^()]*\)/g, '');
  const sorts = plan.some(({ detail }) => detail.includes('TEMP B-TREE'));
  return /order by .* limit \?$/.test(outer) && !/ where /.test(outer) && !sorts;
}
