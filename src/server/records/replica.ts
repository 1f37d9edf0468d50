import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { clientConfig } from './postgres-client.ts';
import { isConflict, isLost } from './postgres-faults.ts';
import { surviveLoss } from './postgres-pool.ts';

/** A place in the write-ahead log, in bytes since its begin. */
export type LogPosition = number;

export interface ReplicaState {
  /** Host and port. */
  readonly name: string;
  /** Why nothing is read from it; undefined while it is in use. */
  readonly out: string | undefined;
  /** How old what it shows is; undefined when that is not known. */
  readonly lagMs: number | undefined;
}

export interface Replica {
  state(): ReplicaState;
  /** What it had replayed when it was last asked. */
  replayed(): LogPosition;
  /** Asks again. @throws when it does not answer. */
  ask(): Promise<LogPosition>;
  /** Looks how it stands, and takes it in or out. Never throws. */
  check(primary: PrimaryLog): Promise<void>;
  /** A connection for reads. */
  connect(): Promise<pg.PoolClient>;
  release(client: pg.PoolClient, broken?: Error): void;
  /** A read failed on it. @returns whether the fault lies with the replica, and the primary may be asked instead. */
  failed(error: unknown): boolean;
  close(): Promise<void>;
}

/** What is known of the database that the replicas follow. */
export interface PrimaryLog {
  /** The installation that it holds: a replica shows the same. */
  readonly installation: string | undefined;
  /** How long ago it was first seen past the position; 0 when it was not. */
  pastSince(position: LogPosition): number;
}

/** A check that takes longer counts as failed. Of one that is healthy it takes a millisecond or two. */
const CHECK_MS = 2_000;
/** The primary can be asked at once instead. */
const CONNECT_MS = 1_000;
const IDLE_MS = 30_000;

const POSITION = `
  select pg_is_in_recovery() as standby, pg_last_wal_replay_lsn() - '0/0'::pg_lsn as replayed,
    (select value from settings where name = 'installation') as installation`;
interface Position {
  readonly standby: boolean;
  readonly replayed: LogPosition | null;
  readonly installation: string | null;
}

export function openReplica(
  url: string,
  { size, caFile, maxLagMs }: { size: number; caFile?: string | undefined; maxLagMs: number },
  onChange: (state: ReplicaState) => void,
): Replica {
  const { hostname, port } = new URL(url);
  const name = `${hostname}:${port || 5432}`;
  const pool = new pg.Pool({
    ...clientConfig(url, caFile),
    max: size,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    allowExitOnIdle: true,
  });
  surviveLoss(pool);
  const busy = new Set<pg.PoolClient>();
  let replayed = 0;
  let state: ReplicaState = { name, out: 'not looked at yet', lagMs: undefined };

  const become = (next: Omit<ReplicaState, 'name'>): void => {
    const changed = (next.out === undefined) !== (state.out === undefined);
    state = { name, ...next };
    if (changed) onChange(state);
  };
  async function connect(): Promise<pg.PoolClient> {
    const client = await pool.connect();
    busy.add(client);
    return client;
  }
  function release(client: pg.PoolClient, broken?: Error): void {
    busy.delete(client);
    client.release(broken);
  }
  async function position(): Promise<Position> {
    const client = await connect();
    try {
      const { rows } = await client.query<Position>(POSITION);
      release(client);
      const [found] = rows as [Position];
      replayed = found.replayed ?? 0;
      return found;
    } catch (error) {
      release(client, error as Error);
      throw error;
    }
  }
  /** Whoever waits for an answer of a replica that hangs is set free, and asks the primary. */
  function cutOff(): void {
    for (const client of busy)
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }

  return {
    state: () => state,
    replayed: () => replayed,
    ask: async () => (await position()).replayed ?? 0,
    async check({ installation, pastSince }) {
      const waited = new AbortController();
      const silence = pause(CHECK_MS, undefined, { signal: waited.signal, ref: false }).then(() => {
        throw new Error(`no answer within ${CHECK_MS} ms`);
      });
      try {
        const asked = position();
        asked.catch(() => {});
        const found = await Promise.race([asked, silence]);
        if (!found.standby) become({ out: 'it is no replica: it takes writes itself', lagMs: undefined });
        else if (installation === undefined || found.installation !== installation)
          become({ out: 'it does not hold the same database', lagMs: undefined });
        else {
          const lagMs = pastSince(replayed);
          const late = lagMs > maxLagMs;
          become({ out: late ? `it is more than ${maxLagMs / 1000} s behind` : undefined, lagMs });
        }
      } catch (error) {
        become({ out: sayWhy(error), lagMs: undefined });
        cutOff();
      } finally {
        silence.catch(() => {});
        waited.abort();
      }
    },
    connect,
    release,
    failed(error) {
      if (isLost(error)) {
        // what a check found says more than the connections that it cut off
        if (state.out === undefined) become({ out: sayWhy(error), lagMs: undefined });
        return true;
      }
      // what it replays may take away what a statement still reads
      return isConflict(error);
    },
    async close() {
      await pool.end();
    },
  };
}

function sayWhy(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message || code || 'it does not answer';
}
