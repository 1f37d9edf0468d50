import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { isPostgres } from '../records/dialect.ts';
import { nextRows, type TableRow, type TableShape } from '../records/tables.ts';
import { BACKED_UP, isOwnSetting, rowsAtOnce } from './backed-up-tables.ts';
import { PART_BYTES, recordsName } from './backup-format.ts';

export interface PackedPart {
  readonly table: string;
  readonly name: string;
  readonly content: Buffer;
  readonly rows: number;
}

/** All rows that a backup holds, in parts of some MB. @param db as of one moment. */
export async function* packRecords(db: Kysely<Database>): AsyncGenerator<PackedPart> {
  const there = new Set((await db.introspection.getTables()).map(({ name }) => name));
  for (const table of BACKED_UP) {
    // of an earlier release
    if (!there.has(table.name)) continue;
    let lines: string[] = [];
    let bytes = 0;
    let part = 0;
    const pack = (): PackedPart => {
      const content = Buffer.from(`${lines.join('\n')}\n`);
      const packed = {
        table: table.name,
        name: recordsName(table.name, ++part),
        content,
        rows: lines.length - 1,
      };
      lines = [];
      bytes = 0;
      return packed;
    };
    for await (const row of rowsOf(db, table)) {
      if (table.name === 'settings' && isOwnSetting(row['name'] as string)) continue;
      if (lines.length === 0) lines.push(JSON.stringify({ columns: Object.keys(row) }));
      const line = JSON.stringify(Object.values(packRow(table, row)));
      lines.push(line);
      bytes += line.length;
      if (bytes >= PART_BYTES) yield pack();
    }
    if (lines.length > 0) yield pack();
  }
}

async function* rowsOf(db: Kysely<Database>, table: TableShape): AsyncGenerator<TableRow> {
  const limit = rowsAtOnce(table.name);
  for (let after: TableRow | undefined; ; ) {
    const rows = await nextRows(db, table, { after, limit });
    yield* rows;
    after = rows.at(-1);
    if (rows.length < limit) return;
  }
}

function packRow({ name, bytes }: TableShape, row: TableRow): TableRow {
  const packed: Record<string, unknown> = { ...row };
  for (const column of bytes ?? [])
    packed[column] = Buffer.from(row[column] as Uint8Array).toString('base64');
  if (name === 'jobs' && row['state'] === 'running')
    return { ...packed, state: 'queued', lease_owner: null, lease_until: null };
  return packed;
}

/** The last number of each table that counts its rows, given or not. */
export async function readCounters(db: Kysely<Database>): Promise<Record<string, number>> {
  const counters: Record<string, number> = {};
  for (const { name, key, counted } of BACKED_UP) {
    if (counted === undefined) continue;
    const { rows } = isPostgres(db)
      ? await sql<{ last: number | null }>`
          select pg_sequence_last_value(pg_get_serial_sequence(${name}, ${key[0]})::regclass) as last`.execute(
          db,
        )
      : await sql<{
          last: number | null;
        }>`select seq as last from sqlite_sequence where name = ${name}`.execute(db);
    counters[name] = Number(rows[0]?.last ?? 0);
  }
  return counters;
}
