import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import type { Scope } from '../../contract/auth.ts';
import { AppError } from '../errors.ts';
import type { RateLimit } from '../ports/rate-limit.ts';
import type { Database } from '../ports/schema.ts';
import { API_KEY_PREFIX, readKeyHolder } from '../records/api-keys.ts';
import { readSession } from '../records/sessions.ts';
import type { AccessTokens } from './access-token.ts';

/**
 * Who may call a route: anybody; a signed-in user or a key with that scope; an administrator (whose key needs
 * `read` for GET and `write` for the rest).
 */
export type Access = 'open' | 'read' | 'write' | 'admin';

/** Who calls: set on every route that is not open. */
export interface Caller {
  readonly userId: string;
  readonly role: 'admin' | 'user';
  readonly scopes: readonly Scope[];
  readonly via: 'session' | 'key';
  /** Only with `via: 'session'`. */
  readonly sessionId?: string;
}

const BOTH: readonly Scope[] = ['read', 'write'];

/**
 * Finds out who calls and whether they may. What the database says at this moment counts: an ended session,
 * a deleted key, a suspension and a change of role show at once.
 *
 * @throws AppError UNAUTHENTICATED, SESSION_ENDED, ACCOUNT_SUSPENDED.
 */
async function authenticate(
  request: FastifyRequest,
  db: Kysely<Database>,
  tokens: AccessTokens,
): Promise<Caller> {
  const token = bearerToken(request);
  if (token === undefined)
    throw new AppError('UNAUTHENTICATED', 'Send an access token or an API key: authorization: Bearer …');
  if (token.startsWith(API_KEY_PREFIX)) {
    const holder = await readKeyHolder(db, token);
    if (holder === undefined) throw new AppError('UNAUTHENTICATED', 'The API key is not valid.');
    refuseSuspended(holder.suspended);
    return { userId: holder.userId, role: holder.role, scopes: holder.scopes, via: 'key' };
  }
  const { sessionId } = tokens.verify(token);
  const session = await readSession(db, sessionId);
  if (session === undefined || session.ended)
    throw new AppError('SESSION_ENDED', 'The session has ended: sign in again.');
  refuseSuspended(session.suspended);
  return { userId: session.userId, role: session.role, scopes: BOTH, via: 'session', sessionId };
}

export function bearerToken(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined || header.length > 4096 || !/^bearer /i.test(header)) return undefined;
  return header.slice(7).trim();
}

function refuseSuspended(suspended: boolean): void {
  if (suspended) throw new AppError('ACCOUNT_SUSPENDED', 'The account is suspended: ask an administrator.');
}

/** The hook that stands before a route's handler, made for what the route asks. */
export function accessHook(
  route: { access: Access; sessionOnly: boolean; unlimited: boolean; reads: boolean },
  { db, tokens, limit }: { db: Kysely<Database>; tokens: AccessTokens; limit: RateLimit },
): (request: FastifyRequest) => Promise<void> {
  const { access, sessionOnly, unlimited } = route;
  const count = async (key: string) => {
    if (unlimited) return;
    const taken = limit.take(key);
    const seconds = typeof taken === 'number' ? taken : await taken;
    if (seconds > 0)
      throw new AppError('RATE_LIMITED', `Too many requests: come back in ${Math.ceil(seconds)} s.`, {
        retryAfterSeconds: seconds,
      });
  };
  if (access === 'open') return (request) => count(request.ip);
  const scope: Scope = access === 'admin' ? (route.reads ? 'read' : 'write') : access;
  return async (request) => {
    let caller: Caller;
    try {
      caller = await authenticate(request, db, tokens);
    } catch (error) {
      // guesses count for the address that they come from
      await count(request.ip);
      throw error;
    }
    await count(caller.userId);
    if (!caller.scopes.includes(scope))
      throw new AppError('FORBIDDEN', `The API key lacks the scope ${scope}.`);
    if (sessionOnly && caller.via === 'key')
      throw new AppError('FORBIDDEN', 'An API key may not do this: sign in.');
    if (access === 'admin' && caller.role !== 'admin')
      throw new AppError('FORBIDDEN', 'Only administrators may do this.');
    request.caller = caller;
  };
}
