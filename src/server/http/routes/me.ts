import { Readable } from 'node:stream';
import { z } from 'zod';
import { deleteMeBody, patchMeBody, profile } from '../../../contract/auth.ts';
import { AppError } from '../../errors.ts';
import { exportUser } from '../../export/export-user.ts';
import { zipStream } from '../../export/zip-stream.ts';
import { noteAudit } from '../../records/audit.ts';
import { removeUser } from '../../records/removal.ts';
import { endSessionsOf } from '../../records/sessions.ts';
import { changeUser, findUser, hasOtherUsers, readProfile, refuseLastAdmin } from '../../records/users.ts';
import type { App } from '../app-types.ts';
import type { Credentials } from '../credentials.ts';
import { attachment } from '../disposition.ts';
import { clearRefreshCookie } from '../refresh-cookie.ts';
import type { Services } from '../services.ts';

export function registerMeRoutes(
  app: App,
  { db, files, queue, cache, config }: Services,
  { passwords, throttle }: Credentials,
): void {
  /** Users whose export is on its way: reading all of their files once at a time is enough. */
  const exporting = new Set<string>();
  app.get('/api/v1/me', { config: { access: 'read' }, schema: { response: { 200: profile } } }, (request) =>
    readProfile(db, request.caller.userId),
  );

  app.get(
    '/api/v1/me/export',
    { config: { access: 'read', sessionOnly: true, heavy: true } },
    async (request, reply) => {
      const { caller, ip } = request;
      if (exporting.has(caller.userId))
        throw new AppError('RATE_LIMITED', 'An export of this account is being sent: wait for its end.', {
          retryAfterSeconds: 30,
        });
      exporting.add(caller.userId);
      reply.raw.once('close', () => exporting.delete(caller.userId));
      await noteAudit(db, { action: 'user.exported', actorId: caller.userId, target: caller.userId, ip });
      return reply
        .type('application/zip')
        .header('content-disposition', attachment('knowledge-assistant-export.zip'))
        .header('cache-control', 'no-store')
        .send(Readable.from(zipStream(exportUser({ db, files }, caller.userId)), { objectMode: false }));
    },
  );

  app.patch(
    '/api/v1/me',
    { config: { access: 'write' }, schema: { body: patchMeBody, response: { 200: profile } } },
    async (request) => {
      const { caller, body, ip } = request;
      const { name, password, currentPassword } = body;
      if (password !== undefined)
        await needPassword(caller.userId, currentPassword ?? '', ip, 'currentPassword');
      const passwordHash = password === undefined ? undefined : await passwords.hash(password);
      await db.transaction().execute(async (tx) => {
        await changeUser(tx, caller.userId, { name, passwordHash });
        if (passwordHash === undefined) return;
        await endSessionsOf(tx, caller.userId, caller.sessionId);
        await noteAudit(tx, {
          action: 'user.password-changed',
          actorId: caller.userId,
          target: caller.userId,
          ip,
        });
      });
      return readProfile(db, caller.userId);
    },
  );

  app.delete(
    '/api/v1/me',
    {
      config: { access: 'write', sessionOnly: true },
      schema: { body: deleteMeBody, response: { 204: z.null() } },
    },
    async (request, reply) => {
      const { caller, body, ip } = request;
      const { userId } = caller;
      if (body === undefined) throw wrongField('password', 'is needed to delete the account');
      const user = await needPassword(userId, body.password, ip, 'password');
      // the last one of all may go: the installation is then as new
      if (await hasOtherUsers(db, userId)) await refuseLastAdmin(db, user);
      await removeUser(db, queue, userId);
      // an answer from the account's documents could not be found any more, and would still be there for a while
      await cache.clear();
      await noteAudit(db, { action: 'user.deleted', actorId: userId, target: userId });
      clearRefreshCookie(reply, config);
      return reply.code(204).send(null);
    },
  );

  /** A stolen session must not be enough to take the account over; guesses are slowed down as at sign-in. */
  async function needPassword(userId: string, password: string, ip: string, field: string) {
    const user = await findUser(db, userId);
    if (user === undefined) throw new AppError('SESSION_ENDED', 'The account is gone.');
    throttle.begin(user.email, ip);
    if (!(await passwords.verify(password, user.password_hash))) throw wrongField(field, 'is wrong');
    throttle.succeeded(user.email, ip);
    return user;
  }
}

const wrongField = (path: string, message: string) =>
  new AppError('VALIDATION', `${path}: ${message}`, { fields: [{ path, message }] });
