import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { isPostgres } from '../records/dialect.ts';
import { TABLES } from '../records/tables.ts';

type Run = (sql: string, parameters?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

export interface Plan {
  /** As the database writes it, a step a line. */
  readonly lines: readonly string[];
  /** Tables of more than `LARGE_ROWS` rows that are read from end to end. */
  readonly largeScans: readonly string[];
}

/** Below it reading a table as a whole is what a database would choose anyway. */
export const LARGE_ROWS = 1000;

const NAMES: ReadonlySet<string> = new Set(TABLES.map(({ name }) => name));

const EXPLAINABLE = /^\s*(?:select|with|insert|update|delete)\b/i;
const WRITES = /^\s*(?:insert|update|delete)\b|^\s*with\b.*\b(?:insert into|update|delete from)\b/is;

export const isWrite = (sql: string): boolean => WRITES.test(sql);

/** Asks a database for the plans of statements. What was counted once is remembered. */
export function createPlanner(
  db: Kysely<Database>,
  { analyzeWrites }: { readonly analyzeWrites: boolean },
): (sql: string, parameters: readonly unknown[], run: Run) => Promise<Plan | undefined> {
  const sizes = new Map<string, boolean>();
  async function isLarge(table: string, run: Run): Promise<boolean> {
    const known = sizes.get(table);
    if (known !== undefined) return known;
    // what is scanned may also be a list that the statement made
    if (!NAMES.has(table)) return false;
    const rows = await run(
      `select count(*) as n from (select 1 from "${table}" limit ${LARGE_ROWS + 1}) as counted`,
    );
    const large = Number(rows[0]?.['n']) > LARGE_ROWS;
    sizes.set(table, large);
    return large;
  }
  const postgres = isPostgres(db);
  return async (sql, parameters, run) => {
    if (!EXPLAINABLE.test(sql)) return undefined;
    const analyze = analyzeWrites || !isWrite(sql);
    const rows = await run(
      postgres
        ? `explain (${analyze ? 'analyze, buffers' : 'verbose false'}) ${sql}`
        : `explain query plan ${sql}`,
      parameters,
    );
    const lines = postgres ? rows.map((row) => String(row['QUERY PLAN'])) : indented(rows as never);
    const scanned = postgres ? seqScans(lines) : scans(sql, lines);
    const largeScans: string[] = [];
    for (const table of new Set(scanned)) if (await isLarge(table, run)) largeScans.push(table);
    return { lines, largeScans };
  };
}

const seqScans = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /\bSeq Scan on "?(\w+)/.exec(line)?.[1] ?? []);

/** SQLite names a table by its alias. What reads an index in order and stops at a limit reads what it needs. */
function scans(sql: string, lines: readonly string[]): string[] {
  const stops = /\blimit\b/i.test(sql) && !lines.some((line) => line.includes('TEMP B-TREE'));
  return lines.flatMap((line) => {
    const name = /^\s*SCAN (\w+)/.exec(line)?.[1];
    if (name === undefined || /VIRTUAL TABLE|CONSTANT ROW|SUBQUERY/.test(line)) return [];
    if (stops && line.includes(' INDEX ')) return [];
    return new RegExp(`"?(\\w+)"? as "?${name}"?\\b`, 'i').exec(sql)?.[1] ?? name;
  });
}

interface Step {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}

/** Steps below the one that they are part of. */
function indented(steps: readonly Step[]): string[] {
  const depths = new Map<number, number>();
  return steps.map(({ id, parent, detail }) => {
    const depth = (depths.get(parent) ?? -1) + 1;
    depths.set(id, depth);
    return `${'  '.repeat(depth)}${detail}`;
  });
}
