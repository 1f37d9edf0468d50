import type BetterSqlite3 from 'better-sqlite3';
import { faultPoint } from '../fault-point.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { type Migration, sqliteWords } from './migrations/migration.ts';

/**
 * Brings the database to the newest version. The whole run is one `begin immediate` transaction: of two
 * processes that start at once, the second waits and then finds nothing to do.
 *
 * @throws Error when the database was written by a newer release.
 */
export function migrateSqlite(
  raw: BetterSqlite3.Database,
  migrations: readonly Migration[] = MIGRATIONS,
): { from: number; to: number } {
  const newest = migrations.at(-1)?.version ?? 0;
  return raw
    .transaction(() => {
      raw.exec(
        'create table if not exists schema_migrations (version integer primary key, name text not null, applied_at text not null)',
      );
      const from =
        raw
          .prepare<[], { version: number | null }>('select max(version) as version from schema_migrations')
          .get()?.version ?? 0;
      if (from > newest) {
        throw new Error(
          `The database in ${raw.name} was written by a newer release (schema version ${from}; this one knows ${newest}). ` +
            'Start the newer release, or restore a backup made with this one.',
        );
      }
      const note = raw.prepare('insert into schema_migrations (version, name, applied_at) values (?, ?, ?)');
      for (const migration of migrations.filter(({ version }) => version > from)) {
        for (const statement of migration.statements(sqliteWords)) raw.exec(statement);
        faultPoint('migration-step');
        note.run(migration.version, migration.name, new Date().toISOString());
      }
      return { from, to: newest };
    })
    .immediate();
}
