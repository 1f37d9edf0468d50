import { z } from 'zod';
import { apiKey, createApiKeyBody, createdApiKey } from '../../../contract/auth.ts';
import { id, listOf, pageQuery } from '../../../contract/common.ts';
import { AppError } from '../../errors.ts';
import { createApiKey, deleteApiKey, listApiKeys } from '../../records/api-keys.ts';
import { noteAudit } from '../../records/audit.ts';
import type { App } from '../app-types.ts';
import type { Services } from '../services.ts';

export function registerApiKeyRoutes(app: App, { db }: Services): void {
  app.get(
    '/api/v1/api-keys',
    { config: { access: 'read' }, schema: { querystring: pageQuery, response: { 200: listOf(apiKey) } } },
    (request) => listApiKeys(db, request.caller.userId, request.query),
  );

  app.post(
    '/api/v1/api-keys',
    {
      config: { access: 'write', sessionOnly: true, secretAnswer: true },
      schema: { body: createApiKeyBody, response: { 201: createdApiKey } },
    },
    async (request, reply) => {
      const { caller, body, ip } = request;
      const made = await db.transaction().execute(async (tx) => {
        const key = await createApiKey(tx, caller.userId, body);
        await noteAudit(tx, {
          action: 'api-key.created',
          actorId: caller.userId,
          target: key.id,
          detail: key.scopes.join(' '),
          ip,
        });
        return key;
      });
      return reply.code(201).header('cache-control', 'no-store').send(made);
    },
  );

  app.delete(
    '/api/v1/api-keys/:id',
    {
      config: { access: 'write', sessionOnly: true },
      schema: { params: z.object({ id }), response: { 204: z.null() } },
    },
    async (request, reply) => {
      const { caller, params, ip } = request;
      if (!(await deleteApiKey(db, caller.userId, params.id)))
        throw new AppError('NOT_FOUND', 'There is no such key.');
      await noteAudit(db, { action: 'api-key.deleted', actorId: caller.userId, target: params.id, ip });
      return reply.code(204).send(null);
    },
  );
}
