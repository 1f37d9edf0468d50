import { type Kysely, type Selectable, sql } from 'kysely';
import type { JobKind } from '../../ports/job-queue.ts';
import type { Database, JobRow } from '../../ports/schema.ts';
import { isGone } from './lease-owner.ts';
import type { Instant } from './leased-table.ts';

export type StoredJob = Selectable<JobRow>;

// literals, because a partial index serves only a query that names its condition
export const QUEUED = sql.lit('queued' as const);
export const RUNNING = sql.lit('running' as const);

/** The first due job of each kind, the first of all in front. */
export async function firstDue(
  on: Kysely<Database>,
  { kinds, now }: { readonly kinds: readonly JobKind[]; readonly now: Instant },
): Promise<StoredJob[]> {
  const firsts: StoredJob[] = [];
  for (const kind of kinds) {
    const first = await dueOf(on, kind, now).selectAll().executeTakeFirst();
    if (first !== undefined) firsts.push(first);
  }
  const later = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return firsts.sort((a, b) => b.priority - a.priority || later(a.run_at, b.run_at) || later(a.id, b.id));
}

export const dueOf = (on: Kysely<Database>, kind: string, now: Instant) =>
  on
    .selectFrom('jobs')
    .where('state', '=', QUEUED)
    .where('kind', '=', kind)
    .where('run_at', '<=', now)
    .orderBy('priority', 'desc')
    .orderBy('run_at')
    .orderBy('id')
    .limit(1);

type Orphan = Pick<StoredJob, 'id' | 'lease_owner' | 'lease_until'>;

/** Running jobs whose lease ran out, or whose owner is known to be gone. */
export async function findOrphans(
  on: Kysely<Database>,
  { owner, now }: { readonly owner: string; readonly now: Instant },
): Promise<Orphan[]> {
  const running = await on
    .selectFrom('jobs')
    .select((the) => ['id', 'lease_owner', 'lease_until', the('lease_until', '<', now).as('ran_out')])
    .where('state', '=', RUNNING)
    .execute();
  const gone = new Map<string, boolean>();
  return running.filter(({ lease_owner, ran_out }) => {
    // without an end it is null
    if (lease_owner === null || ran_out === null || ran_out) return true;
    if (lease_owner === owner) return false;
    if (!gone.has(lease_owner)) gone.set(lease_owner, isGone(lease_owner));
    return gone.get(lease_owner) === true;
  });
}

/** It keeps its place in the line: what a crash interrupted goes on first. */
export const requeue = (on: Kysely<Database>) =>
  on.updateTable('jobs').set((the) => ({
    state: 'queued',
    lease_owner: null,
    lease_until: null,
    last_error: 'interrupted',
    deaths: the('deaths', '+', 1),
  }));
