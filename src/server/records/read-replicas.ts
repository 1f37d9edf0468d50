import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import {
  type LogPosition,
  openReplica,
  type PrimaryLog,
  type Replica,
  type ReplicaState,
} from './replica.ts';

/** Copies of the database that requests may read from. */
export interface ReadReplicas {
  /**
   * Runs a user's request. What it writes is noted with its place in the log, for all processes: from then on the
   * user's requests read the primary, until a replica has replayed as much.
   *
   * @param mayLag what the request reads may be without the last changes of others. All of it comes from one replica.
   */
  serve(userId: string, mayLag: boolean, work: () => void): void;
  /** The user has been told of what others wrote up to now, and must find it. */
  told(userId: string): Promise<void>;
  states(): readonly ReplicaState[];
  /** Looks at all of them now; otherwise every second. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** What the connections to the primary ask about each statement. */
export interface ReadRoute {
  /** Where the running request may read; undefined: the primary. */
  replica(): Replica | undefined;
  /** The running request has changed something, through this connection. */
  wrote(client: pg.PoolClient): Promise<void>;
}

export interface ReplicaOptions {
  readonly urls: readonly string[];
  /** Most connections to each. */
  readonly poolSize: number;
  readonly caFile?: string | undefined;
  /** One came in or went out. */
  readonly onChange?: ((state: ReplicaState) => void) | undefined;
  /** One that is further behind is not used. */
  readonly maxLagMs?: number;
  readonly checkEveryMs?: number;
}

/** Others' changes may be missing from a list so long: within that people look again. */
const MAX_LAG_MS = 10_000;
const CHECK_EVERY_MS = 1_000;
/** Of no use after `MAX_LAG_MS`, when every replica in use has what they speak of. */
const KEEP_NOTES = '1 hour';
const PRUNE_EVERY_MS = 600_000;

const NOTE = `
  insert into last_writes as w (user_id, position, noted_at) values ($1, pg_current_wal_insert_lsn(), now())
  on conflict (user_id) do update
    set position = greatest(w.position, excluded.position), noted_at = excluded.noted_at`;
const NOTED = `select position - '0/0'::pg_lsn as position from last_writes where user_id = $1`;
const PRIMARY = `
  select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as position,
    (select value from settings where name = 'installation') as installation`;

/** The request that runs. */
interface Reading {
  readonly userId: string;
  /** Until it has written something itself. */
  replica: Replica | undefined;
}

export function openReadReplicas(
  primary: pg.Pool,
  {
    urls,
    poolSize,
    caFile,
    onChange = () => {},
    maxLagMs = MAX_LAG_MS,
    checkEveryMs = CHECK_EVERY_MS,
  }: ReplicaOptions,
): ReadReplicas & { readonly route: ReadRoute } {
  const readings = new AsyncLocalStorage<Reading>();
  const replicas = urls.map((url) => openReplica(url, { size: poolSize, caFile, maxLagMs }, onChange));
  const log = watchLog(maxLagMs);
  const closed = new AbortController();
  let turn = 0;
  let pruned = performance.now();

  async function check(): Promise<void> {
    // without the primary nobody is let in, and nothing can be said of who is behind
    const { rows } = await primary.query<{ position: LogPosition; installation: string | null }>(PRIMARY);
    const { position, installation } = rows[0] as (typeof rows)[0];
    log.note(position);
    const known: PrimaryLog = { installation: installation ?? undefined, pastSince: log.pastSince };
    await Promise.all(replicas.map((replica) => replica.check(known)));
    if (performance.now() - pruned < PRUNE_EVERY_MS) return;
    pruned = performance.now();
    await primary.query(`delete from last_writes where noted_at < now() - interval '${KEEP_NOTES}'`);
  }
  async function watch(): Promise<void> {
    while (!closed.signal.aborted) {
      await check().catch(() => {});
      await pause(checkEveryMs, undefined, { signal: closed.signal, ref: false }).catch(() => {});
    }
  }
  const watching = watch();

  /** The next one in turn that has what the user wrote. */
  async function choose(userId: string): Promise<Replica | undefined> {
    const ready = replicas.filter((replica) => replica.state().out === undefined);
    if (ready.length === 0) return undefined;
    const { rows } = await primary.query<{ position: LogPosition }>(NOTED, [userId]);
    const needed = rows[0]?.position ?? 0;
    const first = turn++ % ready.length;
    for (const replica of [...ready.slice(first), ...ready.slice(0, first)]) {
      if (replica.replayed() >= needed) return replica;
      const replayed = await replica.ask().catch((error: unknown) => {
        replica.failed(error);
        return 0;
      });
      if (replayed >= needed) return replica;
    }
    return undefined;
  }

  return {
    serve(userId, mayLag, work) {
      const run = (replica: Replica | undefined) => readings.run({ userId, replica }, work);
      // where it can't be found out, the request's own statements tell what is wrong with the primary
      if (mayLag) choose(userId).then(run, () => run(undefined));
      else run(undefined);
    },
    async told(userId) {
      await primary.query(NOTE, [userId]);
    },
    states: () => replicas.map((replica) => replica.state()),
    check,
    route: {
      replica() {
        const chosen = readings.getStore()?.replica;
        return chosen?.state().out === undefined ? chosen : undefined;
      },
      async wrote(client) {
        const reading = readings.getStore();
        if (reading === undefined) return;
        reading.replica = undefined;
        // the change itself is kept; a connection that broke just now is found out by the next statement
        await client.query(NOTE, [reading.userId]).catch(() => {});
      },
    },
    async close() {
      closed.abort();
      await watching;
      await Promise.all(replicas.map((replica) => replica.close()));
    },
  };
}

/** When the primary was seen where, as far back as it matters. */
function watchLog(maxLagMs: number): {
  note(position: LogPosition): void;
  pastSince: PrimaryLog['pastSince'];
} {
  let seen: { readonly position: LogPosition; readonly atMs: number }[] = [];
  return {
    note(position) {
      const atMs = performance.now();
      if (seen.at(-1)?.position !== position) seen.push({ position, atMs });
      // the newest of those that are too old stays: who has not reached it is too late for certain
      const old = seen.findLastIndex((one) => atMs - one.atMs > maxLagMs);
      seen = seen.slice(Math.max(old, 0));
    },
    pastSince(position) {
      const first = seen.find((one) => one.position > position);
      return first === undefined ? 0 : performance.now() - first.atMs;
    },
  };
}
