import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { isPostgres } from './dialect.ts';

export interface TableSize {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the indexes that the database keeps for it. */
  readonly indexBytes: number;
}

/** What belongs to what, the largest table first. SQLite reads the whole file once for it. */
export async function tableSizes(db: Kysely<Database>): Promise<TableSize[]> {
  const sizes = isPostgres(db) ? await postgresSizes(db) : await sqliteSizes(db);
  const tables = await Promise.all(
    sizes.map(async ({ name, bytes, indexBytes }) => ({
      name,
      rows: await countRows(db, name),
      bytes: Number(bytes),
      indexBytes: Number(indexBytes),
    })),
  );
  return tables.sort((a, b) => b.bytes + b.indexBytes - a.bytes - a.indexBytes);
}

type Size = Pick<TableSize, 'name' | 'bytes' | 'indexBytes'>;

async function postgresSizes(db: Kysely<Database>): Promise<readonly Size[]> {
  const { rows } = await sql<Size>`
    select c.relname as name, pg_table_size(c.oid) as bytes, pg_indexes_size(c.oid) as "indexBytes"
    from pg_class c where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace`.execute(db);
  return rows;
}

async function sqliteSizes(db: Kysely<Database>): Promise<readonly Size[]> {
  const { rows } = await sql<Size>`
    select s.tbl_name as name, sum(case s.type when 'table' then d.pgsize else 0 end) as bytes,
      sum(case s.type when 'index' then d.pgsize else 0 end) as indexBytes
    from sqlite_schema s left join dbstat d on d.name = s.name and d.aggregate = true
    where s.type in ('table', 'index') and s.rootpage > 0 group by 1`.execute(db);
  return rows;
}

async function countRows(db: Kysely<Database>, table: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(db);
  return Number(rows[0]?.n);
}

/** Bytes of pages that are free for what comes; PostgreSQL does not tell without reading all tables. */
export async function freeBytes(db: Kysely<Database>): Promise<number> {
  if (isPostgres(db)) return 0;
  const { rows } = await sql<{ bytes: number }>`
    select freelist_count * page_size as bytes from pragma_freelist_count, pragma_page_size`.execute(db);
  return Number(rows[0]?.bytes);
}
