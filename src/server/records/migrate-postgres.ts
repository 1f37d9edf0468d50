import type { Client } from 'pg';
import { faultPoint } from '../fault-point.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { type Migration, postgresWords } from './migrations/migration.ts';
import { MOVING } from './move-rows.ts';

/** Names the lock under which one process at a time migrates: `ka` as bytes, and 1. */
const MIGRATION_LOCK = [0x6b61, 1] as const;
/** Another process may be in the middle of a long migration. */
const LOCK_TIMEOUT_MS = 600_000;

export interface MigratePostgresOptions {
  /** Whoever calls brings an installation into the database (`cli/migrate.ts`). */
  readonly movingIn: boolean;
}

/**
 * Brings the database to the newest version. The whole run is one transaction under an advisory lock: of several
 * processes that start at once, the others wait and then find nothing to do.
 *
 * @throws Error when the database was written by a newer release, or can't hold this program's texts.
 */
export async function migratePostgres(
  client: Client,
  migrations: readonly Migration[] = MIGRATIONS,
  { movingIn }: MigratePostgresOptions = { movingIn: false },
): Promise<{ from: number; to: number }> {
  const newest = migrations.at(-1)?.version ?? 0;
  await needServer(client);
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query('set local statement_timeout = 0');
    await client.query('select pg_advisory_xact_lock($1, $2)', [...MIGRATION_LOCK]);
    await client.query(
      'create table if not exists schema_migrations (version integer primary key, name text not null, applied_at text not null)',
    );
    const found = await client.query<{ version: number | null }>(
      'select max(version) as version from schema_migrations',
    );
    const from = found.rows[0]?.version ?? 0;
    if (from > newest) {
      throw new Error(
        `The database was written by a newer release (schema version ${from}; this one knows ${newest}). ` +
          'Start the newer release, or restore a backup made with this one.',
      );
    }
    if (!movingIn && from > 0) await refuseHalfMoved(client);
    for (const migration of migrations.filter(({ version }) => version > from)) {
      for (const statement of migration.statements(postgresWords)) await client.query(statement);
      faultPoint('migration-step');
      await client.query('insert into schema_migrations (version, name, applied_at) values ($1, $2, $3)', [
        migration.version,
        migration.name,
        new Date().toISOString(),
      ]);
    }
    if (from < newest) await orderByBytes(client);
    await client.query('commit');
    return { from, to: newest };
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

async function refuseHalfMoved(client: Client): Promise<void> {
  const { rowCount } = await client.query('select 1 from settings where name = $1', [MOVING]);
  if (rowCount !== 0)
    throw new Error(
      'An installation is being moved into the database of DATABASE_URL: wait until `ka migrate` is done, or run it again.',
    );
}

/** The collation by which words are folded came with this release. */
const OLDEST_SERVER = 170_000;

async function needServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string }>(
    `select current_setting('server_version_num')::integer as version, current_setting('server_encoding') as encoding`,
  );
  const { version = 0, encoding = '' } = rows[0] ?? {};
  if (version < OLDEST_SERVER)
    throw new Error(
      `DATABASE_URL names PostgreSQL ${Math.floor(version / 10_000)}: version 17 or later is needed.`,
    );
  if (encoding !== 'UTF8')
    throw new Error(
      `The database of DATABASE_URL is encoded as ${encoding}: create one with encoding 'UTF8'.`,
    );
}

/**
 * Text is compared byte by byte, as in SQLite: the order of lists is the same on both, and cursors stay good when
 * the server's locale data changes. Columns of rows that are there already keep them as they are.
 */
async function orderByBytes(client: Client): Promise<void> {
  const { rows } = await client.query<{ table: string; columns: string[] }>(
    `select table_name as "table", array_agg(column_name::text) as columns from information_schema.columns
     where table_schema = current_schema() and data_type = 'text' and collation_name is null
       and table_name in (select tablename from pg_tables where schemaname = current_schema())
     group by table_name`,
  );
  for (const { table, columns } of rows) {
    const changes = columns.map((column) => `alter column "${column}" type text collate "C"`);
    await client.query(`alter table "${table}" ${changes.join(', ')}`);
  }
}
