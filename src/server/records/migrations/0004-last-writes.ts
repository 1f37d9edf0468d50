import type { Migration } from './migration.ts';

/**
 * How far the log of PostgreSQL was when a user last wrote: a replica that has not come so far is not read for them.
 * Kept on the primary alone, since it is of no use after a crash.
 */
export const lastWrites: Migration = {
  version: 4,
  name: 'last writes',
  statements: ({ postgresOnly }) =>
    postgresOnly(
      'create unlogged table last_writes (user_id text primary key, position pg_lsn not null, noted_at timestamptz not null)',
    ),
};
