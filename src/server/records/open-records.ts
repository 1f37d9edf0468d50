import { stat } from 'node:fs/promises';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import type { ReadReplicas } from './read-replicas.ts';
import type { ReplicaState } from './replica.ts';
import { openSqlite, prepareSqlite } from './sqlite.ts';
import type { WriteTurns } from './write-turns.ts';

/** Where the records lie; threads get it from their process. */
export type RecordsPlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'postgres';
      readonly url: string;
      readonly poolSize: number;
      /** PEM file of the authority that signed the server's certificate. */
      readonly caFile: string | undefined;
      /** Addresses of read replicas. */
      readonly readUrls?: readonly string[];
    };

/** The records, as a process uses them. */
export interface Records {
  readonly db: Kysely<Database>;
  /** For people: "SQLite", "PostgreSQL 18.4, 3 of 10 connections". */
  describe(): Promise<string>;
  /** Of what the records take, by part. */
  bytes(): Promise<Readonly<Record<string, number>>>;
  /** Connections by state; undefined where there is no pool. */
  pool(): Readonly<Record<'busy' | 'idle' | 'waiting', number>> | undefined;
  /** Undefined where there are none. */
  readonly replicas: ReadReplicas | undefined;
  /** What is broken in the stored data, as far as a quick look tells. */
  findFault(): Promise<string | undefined>;
  /** Gives back what caches of pages hold. */
  shrink(): void;
  close(): Promise<void>;
}

/** Makes or upgrades the database; once a process, before any thread opens it. */
export async function prepareRecords(place: RecordsPlace): Promise<{ from: number; to: number }> {
  if (place.kind === 'sqlite') return prepareSqlite(place.path);
  const { preparePostgres } = await import('./postgres.ts');
  return preparePostgres(place.url, place.caFile);
}

export interface RecordsOptions {
  readonly turns?: WriteTurns;
  /** A read replica came in or went out. */
  readonly onReplica?: (state: ReplicaState) => void;
}

/** Opens records that are prepared. What PostgreSQL needs is loaded here, and only where it is used. */
export async function openRecords(
  place: RecordsPlace,
  { turns, onReplica }: RecordsOptions = {},
): Promise<Records> {
  if (place.kind === 'sqlite') {
    const { path } = place;
    const { db, raw, close } = openSqlite(path, turns === undefined ? {} : { turns });
    const sizeOf = async (file: string) => (await stat(file).catch(() => undefined))?.size ?? 0;
    return {
      db,
      describe: async () => 'SQLite',
      bytes: async () => ({ main: await sizeOf(path), log: await sizeOf(`${path}-wal`) }),
      pool: () => undefined,
      replicas: undefined,
      async findFault() {
        const result = raw.pragma('quick_check(1)', { simple: true });
        return result === 'ok' ? undefined : `${path}: ${String(result)}`;
      },
      shrink: () => void raw.pragma('shrink_memory'),
      close,
    };
  }
  const { openPostgres } = await import('./postgres.ts');
  const { url, poolSize, caFile, readUrls: urls = [] } = place;
  const copies = urls.length === 0 ? undefined : { urls, onChange: onReplica };
  const { db, pool, replicas, close } = openPostgres(url, { poolSize, caFile, replicas: copies });
  return {
    db,
    async describe() {
      const { rows } = await sql<{ server_version: string }>`show server_version`.execute(db);
      const { open, idle, size } = pool();
      const states = replicas?.states() ?? [];
      return [
        `PostgreSQL ${rows[0]?.server_version}, ${open - idle} of ${size} connections busy`,
        ...states.map(
          ({ name, out }) => `replica ${name} ${out === undefined ? 'in use' : `not in use: ${out}`}`,
        ),
      ].join('; ');
    },
    async bytes() {
      const { rows } = await sql<{ bytes: number }>`
        select pg_database_size(current_database()) as bytes`.execute(db);
      return { main: Number(rows[0]?.bytes) };
    },
    pool() {
      const { open, idle, waiting } = pool();
      return { busy: open - idle, idle, waiting };
    },
    replicas,
    // its pages carry checksums that the server verifies when it reads them
    findFault: async () => undefined,
    shrink() {},
    close,
  };
}
