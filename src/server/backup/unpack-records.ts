import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { isPostgres } from '../records/dialect.ts';
import type { TableShape } from '../records/tables.ts';
import { BrokenArchive } from './archive-reader.ts';
import { BACKED_UP } from './backed-up-tables.ts';
import { partHeadSchema } from './backup-format.ts';

/** Bound values of one statement: SQLite takes 32,766. */
const MOST_VALUES = 10_000;
const MOST_ROWS = 200;

/** @throws BrokenArchive when this is no table of a backup. */
export function tableNamed(name: string): TableShape {
  const table = BACKED_UP.find((known) => known.name === name);
  if (table === undefined) throw new BrokenArchive(`The backup holds rows of “${name}”, which is no table.`);
  return table;
}

/**
 * Inserts the rows of one part.
 * @returns how many.
 * @throws BrokenArchive when they are none, or do not fit the table.
 */
export async function unpackPart(db: Kysely<Database>, table: TableShape, content: Buffer): Promise<number> {
  const broken = (why: string, cause?: unknown) =>
    new BrokenArchive(`The backup's rows of “${table.name}” can't be restored: ${why}.`, { cause });
  const [first = '', ...lines] = content.toString('utf8').trimEnd().split('\n');
  const head = partHeadSchema.safeParse(parsed(first));
  if (!head.success) throw broken('their columns are not named');
  const { columns } = head.data;
  const rows = lines.map((line) => {
    const values = parsed(line);
    if (!Array.isArray(values) || values.length !== columns.length || !values.every(isValue))
      throw broken('a line is damaged');
    return Object.fromEntries(
      columns.map((column, i) => [column, unpacked(table, column, values[i] as Value)]),
    );
  });
  const atOnce = Math.min(MOST_ROWS, Math.floor(MOST_VALUES / columns.length));
  const insert = async (tx: Kysely<Database>) => {
    for (let from = 0; from < rows.length; from += atOnce)
      await tx
        .insertInto(table.name)
        .values(rows.slice(from, from + atOnce) as never)
        .execute();
  };
  try {
    // on PostgreSQL all parts are one transaction already
    if (isPostgres(db)) await insert(db);
    else await db.transaction().execute(insert);
  } catch (error) {
    throw broken((error as Error).message, error);
  }
  return rows.length;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

type Value = string | number | null;
const isValue = (value: unknown): value is Value =>
  value === null || typeof value === 'string' || typeof value === 'number';

const unpacked = ({ bytes }: TableShape, column: string, value: Value): Value | Buffer =>
  bytes?.includes(column) === true && typeof value === 'string' ? Buffer.from(value, 'base64') : value;

/** Numbers that were given once are not given again. */
export async function restoreCounters(
  db: Kysely<Database>,
  counters: Readonly<Record<string, number>>,
): Promise<void> {
  for (const { name, key, counted } of BACKED_UP) {
    const last = counters[name] ?? 0;
    if (counted === undefined || last === 0) continue;
    if (isPostgres(db)) {
      await sql`select setval(pg_get_serial_sequence(${name}, ${key[0]}), ${last}::bigint)`.execute(db);
      continue;
    }
    await sql`delete from sqlite_sequence where name = ${name}`.execute(db);
    await sql`insert into sqlite_sequence (name, seq) values (${name}, ${last})`.execute(db);
  }
}
