import { cpSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { VECTOR_SPACE } from '../../src/server/ports/vector-space.ts';
import { migrateSqlite } from '../../src/server/records/migrate-sqlite.ts';
import { MIGRATIONS } from '../../src/server/records/migrations/all.ts';

/**
 * What a release wrote in another way though its tables could hold the present one.
 * `until` is the last schema version of which it is true.
 */
const HABITS: readonly { readonly until: number; apply(raw: Sqlite.Database): void }[] = [
  {
    // the one embedding model stood behind the version of the index, and nowhere else
    until: 4,
    apply(raw) {
      const space = raw.prepare('select value from settings where name = ?').pluck().get(VECTOR_SPACE);
      raw.prepare("update settings set value = value || ', ' || ? where name = 'index'").run(space);
      raw.prepare('delete from settings where name = ?').run(VECTOR_SPACE);
    },
  },
];

/**
 * Makes a data folder as the release with this schema version left it: its tables, made by its migrations, with the
 * rows of a present one as far as it had columns for them.
 * @returns the tables that it knew.
 */
export function makeEarlierFolder(present: string, folder: string, schemaVersion: number): string[] {
  cpSync(join(present, 'files'), join(folder, 'files'), { recursive: true });
  const raw = new Sqlite(join(folder, 'knowledge.db'));
  try {
    raw.pragma('page_size = 8192');
    raw.pragma('journal_mode = WAL');
    migrateSqlite(
      raw,
      MIGRATIONS.filter(({ version }) => version <= schemaVersion),
    );
    raw.prepare('attach database ? as present').run(join(present, 'knowledge.db'));
    // full-text tables are filled by triggers
    const tables = raw
      .prepare(
        "select name from pragma_table_list where schema = 'main' and type = 'table' and name not in ('sqlite_schema', 'sqlite_sequence', 'schema_migrations')",
      )
      .pluck()
      .all() as string[];
    const columnsOf = (schema: string, table: string) =>
      (raw.prepare('select name from pragma_table_info(?, ?)').pluck().all(table, schema) as string[]).map(
        (name) => `"${name}"`,
      );
    raw.pragma('foreign_keys = OFF');
    for (const table of tables) {
      const known = new Set(columnsOf('present', table));
      const columns = columnsOf('main', table)
        .filter((name) => known.has(name))
        .join();
      raw.exec(
        `delete from main.${table}; insert into main.${table} (${columns}) select ${columns} from present.${table}`,
      );
    }
    raw.exec(
      'delete from main.sqlite_sequence; insert into main.sqlite_sequence select * from present.sqlite_sequence',
    );
    for (const { until, apply } of HABITS) if (schemaVersion <= until) apply(raw);
    return tables;
  } finally {
    raw.close();
  }
}
