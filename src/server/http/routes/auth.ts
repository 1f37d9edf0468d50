import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { loginBody, registerBody, session as sessionShape } from '../../../contract/auth.ts';
import { AppError } from '../../errors.ts';
import type { UserRow } from '../../ports/schema.ts';
import { noteAudit } from '../../records/audit.ts';
import { endSession, refreshSession, sessionOfRefreshToken, startSession } from '../../records/sessions.ts';
import { changeUser, createUser, findUser, findUserByEmail, hasUsers, toUser } from '../../records/users.ts';
import { ACCESS_TOKEN_SECONDS } from '../access-token.ts';
import type { App } from '../app-types.ts';
import { bearerToken } from '../auth.ts';
import type { Credentials } from '../credentials.ts';
import {
  clearRefreshCookie,
  readRefreshCookie,
  refuseForeignPage,
  setRefreshCookie,
} from '../refresh-cookie.ts';
import type { Services } from '../services.ts';

export function registerAuthRoutes(
  app: App,
  { db, config }: Services,
  { tokens, passwords, throttle, secrets }: Credentials,
): void {
  const signedIn = (
    reply: FastifyReply,
    user: UserRow,
    { sessionId, refreshToken }: { sessionId: string; refreshToken: string },
  ) => {
    setRefreshCookie(reply, refreshToken, config);
    reply.header('cache-control', 'no-store');
    return {
      user: toUser(user),
      accessToken: tokens.sign({ userId: user.id, sessionId }),
      expiresIn: ACCESS_TOKEN_SECONDS,
    };
  };

  app.post(
    '/api/v1/auth/register',
    {
      config: { access: 'open' },
      schema: { body: registerBody, response: { 201: sessionShape } },
    },
    async (request, reply) => {
      const { email, password, name = '' } = request.body;
      const mayRegister = config.registrationEnabled;
      // asked again in the transaction; here it spares the hashing
      if (!mayRegister && (await hasUsers(db)))
        throw new AppError('REGISTRATION_DISABLED', 'Ask an administrator for an account.');
      const passwordHash = await passwords.hash(password);
      const made = await db.transaction().execute(async (tx) => {
        const user = await createUser(tx, { email, name, passwordHash, mayRegister });
        await noteAudit(tx, {
          action: 'user.registered',
          actorId: user.id,
          target: user.id,
          detail: user.role,
          ip: request.ip,
        });
        return { user, started: await startSession(tx, user.id) };
      });
      return reply.code(201).send(signedIn(reply, made.user, made.started));
    },
  );

  app.post(
    '/api/v1/auth/login',
    {
      config: { access: 'open' },
      schema: { body: loginBody, response: { 200: sessionShape } },
    },
    async (request, reply) => {
      const { email, password } = request.body;
      throttle.begin(email, request.ip);
      const user = await findUserByEmail(db, email);
      if (!(await passwords.verify(password, user?.password_hash)) || user === undefined) {
        await noteAudit(db, { action: 'user.sign-in-failed', target: user?.id, ip: request.ip });
        throw new AppError('INVALID_CREDENTIALS', 'Email or password is wrong.');
      }
      throttle.succeeded(email, request.ip);
      if (user.suspended === 1)
        throw new AppError('ACCOUNT_SUSPENDED', 'The account is suspended: ask an administrator.');
      const renewed = passwords.isOutdated(user.password_hash) ? await passwords.hash(password) : undefined;
      const started = await db.transaction().execute(async (tx) => {
        if (renewed !== undefined) await changeUser(tx, user.id, { passwordHash: renewed });
        await noteAudit(tx, { action: 'user.signed-in', actorId: user.id, ip: request.ip });
        return startSession(tx, user.id);
      });
      return signedIn(reply, user, started);
    },
  );

  app.post(
    '/api/v1/auth/refresh',
    { config: { access: 'open' }, schema: { response: { 200: sessionShape } } },
    async (request, reply) => {
      refuseForeignPage(request, config);
      const token = readRefreshCookie(request);
      if (token === undefined) throw new AppError('UNAUTHENTICATED', 'There is no refresh cookie: sign in.');
      const refreshed = await db.transaction().execute(async (tx) => {
        const result = await refreshSession(tx, token, secrets);
        if (!result.ok && result.reused)
          await noteAudit(tx, { action: 'session.reuse-detected', target: result.reused, ip: request.ip });
        return result;
      });
      if (!refreshed.ok) {
        clearRefreshCookie(reply, config);
        throw refreshed.fault;
      }
      const user = await findUser(db, refreshed.userId);
      if (user === undefined) throw new AppError('SESSION_ENDED', 'The account is gone.');
      return signedIn(reply, user, refreshed);
    },
  );

  app.post(
    '/api/v1/auth/logout',
    { config: { access: 'open' }, schema: { response: { 204: z.null() } } },
    async (request, reply) => {
      const session = await sessionToEnd(request);
      if (session !== undefined) {
        await endSession(db, session.sessionId);
        await noteAudit(db, { action: 'user.signed-out', actorId: session.userId, ip: request.ip });
      }
      clearRefreshCookie(reply, config);
      return reply.code(204).send(null);
    },
  );

  /** By the access token, also where the cookie is missing; by the cookie, also where the token has run out. */
  async function sessionToEnd(request: FastifyRequest) {
    const bearer = bearerToken(request);
    if (bearer !== undefined) {
      try {
        return tokens.verify(bearer);
      } catch {
        // run out or not ours: the cookie may still tell
      }
    }
    const token = readRefreshCookie(request);
    if (token === undefined) return undefined;
    refuseForeignPage(request, config);
    return sessionOfRefreshToken(db, token);
  }
}
