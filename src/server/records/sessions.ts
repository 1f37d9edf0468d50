import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import type { Database, UserRow } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { compiledLookUp } from './compiled.ts';
import { newId, now } from './ids.ts';

/** A session ends this long after its last refresh. */
export const SESSION_SECONDS = 30 * 24 * 3600;
/** A refresh token may come a second time this soon after the first: two tabs, or an answer that was lost. */
const REPEAT_MS = 10_000;

const sessionAndUser = compiledLookUp((db, id) =>
  db
    .selectFrom('sessions as s')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .select(['u.id', 'u.role', 'u.suspended', 's.revoked_at', 's.expires_at'])
    .where('s.id', '=', id),
);

/** What a request with an access token needs to know, in one statement. */
export async function readSession(
  db: Kysely<Database>,
  sessionId: string,
): Promise<{ userId: string; role: UserRow['role']; suspended: boolean; ended: boolean } | undefined> {
  const row = await sessionAndUser(db, sessionId);
  if (row === undefined) return undefined;
  return {
    userId: row.id,
    role: row.role,
    suspended: row.suspended === 1,
    ended: row.revoked_at !== null || row.expires_at <= now(),
  };
}

export interface StartedSession {
  readonly sessionId: string;
  /** For the cookie; the database knows its hash only. */
  readonly refreshToken: string;
}

export async function startSession(tx: Transaction, userId: string): Promise<StartedSession> {
  const sessionId = newId();
  const at = now();
  const refreshToken = randomBytes(32).toString('base64url');
  await tx
    .insertInto('sessions')
    .values({ id: sessionId, user_id: userId, created_at: at, expires_at: expiry(), revoked_at: null })
    .execute();
  await tx
    .insertInto('refresh_tokens')
    .values({ hash: hashOf(refreshToken), session_id: sessionId, created_at: at, used_at: null })
    .execute();
  return { sessionId, refreshToken };
}

export type Refresh =
  | ({ readonly ok: true; readonly userId: string } & StartedSession)
  | {
      readonly ok: false;
      readonly fault: AppError;
      /** The session that was ended because a token of it came back. */
      readonly reused?: string;
    };

/**
 * Takes a refresh token for its successor. A token has one successor only, derived from it and a secret: two
 * tabs that refresh at once, or a client whose answer was lost, get the same one within seconds, and the family
 * never forks. A token that comes back later, or after its successor was used, was stolen by somebody: the
 * session ends for all.
 *
 * @param secrets the first one derives; after a change of it the successor may be of another.
 */
export async function refreshSession(
  tx: Transaction,
  token: string,
  secrets: readonly [string, ...string[]],
): Promise<Refresh> {
  const found = await tx
    .selectFrom('refresh_tokens as t')
    .innerJoin('sessions as s', 's.id', 't.session_id')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .select([
      't.used_at',
      's.id as session_id',
      's.revoked_at',
      's.expires_at',
      'u.id as user_id',
      'u.suspended',
    ])
    .where('t.hash', '=', hashOf(token))
    .executeTakeFirst();
  const at = now();
  if (found === undefined) return ended('There is no such session: sign in again.');
  if (found.revoked_at !== null || found.expires_at <= at)
    return ended('The session has ended: sign in again.');
  if (found.suspended === 1)
    return {
      ok: false,
      fault: new AppError('ACCOUNT_SUSPENDED', 'The account is suspended: ask an administrator.'),
    };
  const successorBy = (secret: string) =>
    createHmac('sha256', secret).update(`refresh:${token}`).digest('base64url');
  const answerWith = (refreshToken: string) =>
    ({ ok: true, userId: found.user_id, sessionId: found.session_id, refreshToken }) as const;
  if (found.used_at !== null) {
    const successors = secrets.map(successorBy);
    const next = await tx
      .selectFrom('refresh_tokens')
      .select(['hash', 'used_at'])
      .where('hash', 'in', successors.map(hashOf))
      .executeTakeFirst();
    const given = successors.find((successor) => hashOf(successor) === next?.hash);
    const soon = Date.parse(at) - Date.parse(found.used_at) <= REPEAT_MS;
    if (soon && given !== undefined && next?.used_at === null) return answerWith(given);
    await endSession(tx, found.session_id);
    return {
      ...ended('The refresh token was used before, so the session was ended: sign in again.'),
      reused: found.session_id,
    };
  }
  const successor = successorBy(secrets[0]);
  await tx.updateTable('refresh_tokens').set({ used_at: at }).where('hash', '=', hashOf(token)).execute();
  await tx
    .insertInto('refresh_tokens')
    .values({ hash: hashOf(successor), session_id: found.session_id, created_at: at, used_at: null })
    .execute();
  await tx.updateTable('sessions').set({ expires_at: expiry() }).where('id', '=', found.session_id).execute();
  return answerWith(successor);
}

/** The session of a refresh token, whatever its state; for signing out. */
export async function sessionOfRefreshToken(
  db: Kysely<Database>,
  token: string,
): Promise<{ sessionId: string; userId: string } | undefined> {
  const row = await db
    .selectFrom('refresh_tokens as t')
    .innerJoin('sessions as s', 's.id', 't.session_id')
    .select(['s.id', 's.user_id'])
    .where('t.hash', '=', hashOf(token))
    .executeTakeFirst();
  return row && { sessionId: row.id, userId: row.user_id };
}

/** From now on none of its tokens is taken. */
export async function endSession(db: Kysely<Database>, sessionId: string): Promise<void> {
  await db
    .updateTable('sessions')
    .set({ revoked_at: now() })
    .where('id', '=', sessionId)
    .where('revoked_at', 'is', null)
    .execute();
}

export async function endSessionsOf(db: Kysely<Database>, userId: string, except?: string): Promise<void> {
  await db
    .updateTable('sessions')
    .set({ revoked_at: now() })
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .$if(except !== undefined, (q) => q.where('id', '!=', except as string))
    .execute();
}

/** Forgets sessions that ran out, with their refresh tokens. */
export async function pruneSessions(db: Kysely<Database>): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<', now()).execute();
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const expiry = (): string => new Date(Date.now() + SESSION_SECONDS * 1000).toISOString();
const ended = (message: string): Extract<Refresh, { ok: false }> => ({
  ok: false,
  fault: new AppError('SESSION_ENDED', message),
});
