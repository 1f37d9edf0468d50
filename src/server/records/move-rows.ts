import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { nextRows, type TableRow, type TableShape } from './tables.ts';

type Table = keyof Database;

/** Rows of one statement; the largest ones, pages, take 100 kB each at most. */
const BATCH = 250;

/** Name of the setting that says that an installation is being moved in: no server starts meanwhile. */
export const MOVING = 'moving';

export const countRows = async (db: Kysely<Database>, table: Table): Promise<number> => {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(db);
  return Number(rows[0]?.n ?? 0);
};

/**
 * Copies the rows that the other database does not have yet. They go in the order of their key, each batch in one
 * statement, so that what is there is always the beginning: after a break it goes on behind the last one.
 *
 * @param onRows hears how many more are there.
 */
export async function copyTable(
  from: Kysely<Database>,
  to: Kysely<Database>,
  table: TableShape,
  onRows: (count: number) => void,
): Promise<void> {
  let after = await lastKey(to, table);
  if (after !== undefined) onRows(await countRows(to, table.name));
  for (;;) {
    const rows = await readBatch(from, table, after);
    if (rows.length === 0) return;
    await to
      .insertInto(table.name)
      .values(rows as never)
      // what a run sent that was killed just now may still arrive
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    onRows(rows.length);
    after = rows.at(-1);
    if (rows.length < BATCH) return;
  }
}

/** Numbers go on where they were: one that was ever given is not given again. */
export async function moveSerial(
  from: Kysely<Database>,
  to: Kysely<Database>,
  { name, key, counted }: TableShape,
): Promise<void> {
  if (counted === undefined) return;
  const { rows } = await sql<{ seq: number }>`select seq from sqlite_sequence where name = ${name}`.execute(
    from,
  );
  const last = rows[0]?.seq ?? 0;
  if (last > 0) await sql`select setval(pg_get_serial_sequence(${name}, ${key[0]}), ${last})`.execute(to);
}

/** Of all rows in the order of their key: the same for both databases when they hold the same. */
export async function digestTable(
  db: Kysely<Database>,
  table: TableShape,
): Promise<{ readonly rows: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let count = 0;
  let after: TableRow | undefined;
  for (;;) {
    const rows = await readBatch(db, table, after);
    for (const row of rows) hash.update(digestible(row));
    count += rows.length;
    after = rows.at(-1);
    if (rows.length < BATCH) return { rows: count, sha256: hash.digest('hex') };
  }
}

/** How far the move itself is, is no row of the source. */
const notMoving = (table: Table) => (table === 'settings' ? sql`name <> ${MOVING}` : undefined);

const readBatch = (
  db: Kysely<Database>,
  table: TableShape,
  after: TableRow | undefined,
): Promise<TableRow[]> => nextRows(db, table, { after, limit: BATCH, where: notMoving(table.name) });

async function lastKey(db: Kysely<Database>, { name, key }: TableShape): Promise<TableRow | undefined> {
  const last = sql.join(key.map((column) => sql`${sql.ref(column)} desc`));
  const { rows } = await sql<TableRow>`
    select ${sql.join(key.map((column) => sql.ref(column)))} from ${sql.table(name)}
    where ${notMoving(name) ?? sql`true`} order by ${last} limit 1`.execute(db);
  return rows[0];
}

/** The columns by name; PostgreSQL keeps another character in the place of NUL (`postgres-pool.ts`). */
function digestible(row: TableRow): string {
  const names = Object.keys(row).sort();
  return `${JSON.stringify(names.map((name) => plain(row[name])))}\n`;
}

const plain = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
    : typeof value === 'string'
      ? value.replaceAll('\0', '\ufffd')
      : (value ?? null);
