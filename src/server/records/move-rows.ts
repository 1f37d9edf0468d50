import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';

type Table = keyof Database;
type Row = Readonly<Record<string, unknown>>;

interface MovedTable {
  readonly name: Table;
  /** Unique, and the order in which rows are moved. */
  readonly key: readonly string[];
  /** The column that the database counts up. */
  readonly serial?: 'no' | 'id';
}

/** In an order in which no row names one that is not there yet. */
export const MOVED_TABLES: readonly MovedTable[] = [
  { name: 'users', key: ['id'] },
  { name: 'sessions', key: ['id'] },
  { name: 'refresh_tokens', key: ['hash'] },
  { name: 'api_keys', key: ['id'] },
  { name: 'collections', key: ['no'], serial: 'no' },
  { name: 'collection_members', key: ['collection_id', 'user_id'] },
  { name: 'documents', key: ['no'], serial: 'no' },
  { name: 'document_tags', key: ['document_id', 'tag'] },
  { name: 'revisions', key: ['document_id', 'revision'] },
  { name: 'pages', key: ['document_id', 'revision', 'page', 'start'] },
  { name: 'chunks', key: ['key'] },
  { name: 'vectors', key: ['key'] },
  { name: 'vectors_next', key: ['key'] },
  { name: 'vector_log', key: ['id'], serial: 'id' },
  { name: 'postings', key: ['collection_no', 'block', 'term'] },
  { name: 'posting_lengths', key: ['collection_no', 'block'] },
  { name: 'posting_stats', key: ['collection_no'] },
  { name: 'tombstones', key: ['id'], serial: 'id' },
  { name: 'tasks', key: ['id'] },
  { name: 'task_items', key: ['task_id', 'position'] },
  { name: 'jobs', key: ['id'] },
  { name: 'conversations', key: ['id'] },
  { name: 'messages', key: ['no'], serial: 'no' },
  { name: 'message_citations', key: ['message_id', 'position'] },
  { name: 'usage', key: ['user_id', 'day', 'model', 'kind'] },
  { name: 'audit', key: ['id'] },
  { name: 'idempotency_keys', key: ['hash'] },
  { name: 'settings', key: ['name'] },
];

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
  { name, key }: MovedTable,
  onRows: (count: number) => void,
): Promise<void> {
  let after = await lastKey(to, name, key);
  if (after !== undefined) onRows(await countRows(to, name));
  for (;;) {
    const rows = await readBatch(from, name, key, after);
    if (rows.length === 0) return;
    await to
      .insertInto(name)
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
  { name, serial }: MovedTable,
): Promise<void> {
  if (serial === undefined) return;
  const { rows } = await sql<{ seq: number }>`select seq from sqlite_sequence where name = ${name}`.execute(
    from,
  );
  const last = rows[0]?.seq ?? 0;
  if (last > 0) await sql`select setval(pg_get_serial_sequence(${name}, ${serial}), ${last})`.execute(to);
}

/** Of all rows in the order of their key: the same for both databases when they hold the same. */
export async function digestTable(
  db: Kysely<Database>,
  { name, key }: MovedTable,
): Promise<{ readonly rows: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let count = 0;
  let after: Row | undefined;
  for (;;) {
    const rows = await readBatch(db, name, key, after);
    for (const row of rows) hash.update(digestible(row));
    count += rows.length;
    after = rows.at(-1);
    if (rows.length < BATCH) return { rows: count, sha256: hash.digest('hex') };
  }
}

async function readBatch(
  db: Kysely<Database>,
  table: Table,
  key: readonly string[],
  after: Row | undefined,
): Promise<Row[]> {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  const conditions = [
    ...(after === undefined ? [] : [sql`(${columns}) > (${sql.join(key.map((column) => after[column]))})`]),
    ...(table === 'settings' ? [sql`name <> ${MOVING}`] : []),
  ];
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
  const { rows } = await sql<Row>`
    select * from ${sql.table(table)} ${where} order by ${columns} limit ${BATCH}`.execute(db);
  return rows;
}

async function lastKey(db: Kysely<Database>, table: Table, key: readonly string[]): Promise<Row | undefined> {
  const last = sql.join(key.map((column) => sql`${sql.ref(column)} desc`));
  const { rows } = await sql<Row>`
    select ${sql.join(key.map((column) => sql.ref(column)))} from ${sql.table(table)}
    ${table === 'settings' ? sql`where name <> ${MOVING}` : sql``} order by ${last} limit 1`.execute(db);
  return rows[0];
}

/** The columns by name; PostgreSQL keeps another character in the place of NUL (`postgres-pool.ts`). */
function digestible(row: Row): string {
  const names = Object.keys(row).sort();
  return `${JSON.stringify(names.map((name) => plain(row[name])))}\n`;
}

const plain = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
    : typeof value === 'string'
      ? value.replaceAll('\0', '\ufffd')
      : (value ?? null);
