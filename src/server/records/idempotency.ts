import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { now } from './ids.ts';

/** How long a stored answer is replayed. */
const KEEP_MS = 24 * 3600_000;
/** A request that runs is noted again so often. */
export const HOLD_EVERY_MS = 5_000;
/** One that was not for so long died with its process: two notes may be late. */
const ABANDONED_MS = 3 * HOLD_EVERY_MS;

export type IdempotentStart =
  /** Nobody used the key: the request goes on, and its end is written by `finish` or `release`. */
  | { readonly kind: 'new' }
  | { readonly kind: 'running' }
  | { readonly kind: 'other-request' }
  /** `body` is null where it held a secret. */
  | { readonly kind: 'answered'; readonly status: number; readonly body: string | null };

/** @param hash names user, route and key. @param requestHash names what was asked. */
export async function startIdempotent(
  db: Kysely<Database>,
  hash: string,
  requestHash: string,
): Promise<IdempotentStart> {
  const fresh = { hash, request_hash: requestHash, status: null, body: null, created_at: now() };
  const insert = () =>
    db
      .insertInto('idempotency_keys')
      .values(fresh)
      .onConflict((c) => c.doNothing())
      .executeTakeFirst();
  if ((await insert()).numInsertedOrUpdatedRows === 1n) return { kind: 'new' };
  const found = await db
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('hash', '=', hash)
    .executeTakeFirst();
  if (found === undefined || isOver(found)) {
    // by its time too: another request may have begun under the key since it was looked at
    if (found !== undefined)
      await db
        .deleteFrom('idempotency_keys')
        .where('hash', '=', hash)
        .where('created_at', '=', found.created_at)
        .execute();
    return (await insert()).numInsertedOrUpdatedRows === 1n ? { kind: 'new' } : { kind: 'running' };
  }
  if (found.request_hash !== requestHash) return { kind: 'other-request' };
  return found.status === null
    ? { kind: 'running' }
    : { kind: 'answered', status: found.status, body: found.body };
}

const isOver = ({ status, created_at }: { status: number | null; created_at: string }): boolean =>
  Date.now() - Date.parse(created_at) > (status === null ? ABANDONED_MS : KEEP_MS);

export async function finishIdempotent(
  db: Kysely<Database>,
  hash: string,
  status: number,
  body: string | null,
): Promise<void> {
  await db.updateTable('idempotency_keys').set({ status, body }).where('hash', '=', hash).execute();
}

/** Notes that these requests still run. */
export async function holdIdempotent(db: Kysely<Database>, hashes: readonly string[]): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ created_at: now() })
    .where('hash', 'in', hashes)
    .where('status', 'is', null)
    .execute();
}

/** The request changed nothing that a repeat may not do again. */
export async function releaseIdempotent(db: Kysely<Database>, hash: string): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('hash', '=', hash).execute();
}

export async function pruneIdempotent(db: Kysely<Database>): Promise<void> {
  await db
    .deleteFrom('idempotency_keys')
    .where('created_at', '<', new Date(Date.now() - KEEP_MS).toISOString())
    .execute();
}

/** Names a request by its user, route and key; what is one user's is found without knowing their keys. */
export const idempotencyName = (userId: string, route: string, key: string): string =>
  `${userPart(userId)}.${hashOfParts(userId, route, key)}`;
const userPart = (userId: string): string => hashOfParts(userId).slice(0, 16);

/** Forgets what a user's requests were answered. */
export async function forgetIdempotent(db: Kysely<Database>, userId: string): Promise<void> {
  await db
    .deleteFrom('idempotency_keys')
    .where('hash', 'like', `${userPart(userId)}%`)
    .execute();
}

export const hashOfParts = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
