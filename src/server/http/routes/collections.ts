import { z } from 'zod';
import { collection, collectionBody, member, memberBody } from '../../../contract/collections.ts';
import { id, listOf, pageQuery } from '../../../contract/common.ts';
import { AppError } from '../../errors.ts';
import { noteAudit } from '../../records/audit.ts';
import {
  createCollection,
  listCollections,
  listMembers,
  putMember,
  removeMember,
  renameCollection,
  toCollection,
} from '../../records/collections.ts';
import { removeCollection } from '../../records/removal.ts';
import type { App } from '../app-types.ts';
import { needCollection } from '../collection-access.ts';
import type { Services } from '../services.ts';

const params = z.object({ id });
const memberParams = z.object({ id, userId: id });

export function registerCollectionRoutes(app: App, { db, queue, replicas }: Services): void {
  app.get(
    '/api/v1/collections',
    {
      config: { access: 'read', mayLag: true },
      schema: { querystring: pageQuery, response: { 200: listOf(collection) } },
    },
    (request) => listCollections(db, request.caller.userId, request.query),
  );

  app.post(
    '/api/v1/collections',
    { config: { access: 'write' }, schema: { body: collectionBody, response: { 201: collection } } },
    async (request, reply) => {
      const row = await db
        .transaction()
        .execute((tx) => createCollection(tx, request.caller.userId, request.body.name));
      return reply.code(201).send(toCollection(row, 'owner'));
    },
  );

  app.get(
    '/api/v1/collections/:id',
    { config: { access: 'read' }, schema: { params, response: { 200: collection } } },
    async (request) => {
      const found = await needCollection(db, request.caller, request.params.id, 'viewer');
      return toCollection(found, found.role);
    },
  );

  app.patch(
    '/api/v1/collections/:id',
    { config: { access: 'write' }, schema: { params, body: collectionBody, response: { 200: collection } } },
    async (request) => {
      const { id } = await needCollection(db, request.caller, request.params.id, 'owner');
      const row = await renameCollection(db, id, request.body.name);
      if (row === undefined) throw new AppError('NOT_FOUND', 'There is no such collection.');
      return toCollection(row, 'owner');
    },
  );

  app.delete(
    '/api/v1/collections/:id',
    { config: { access: 'write' }, schema: { params, response: { 204: z.null() } } },
    async (request, reply) => {
      const { id, name, document_count } = await needCollection(
        db,
        request.caller,
        request.params.id,
        'owner',
      );
      await removeCollection(db, queue, id);
      const detail = `${name} (${document_count} documents)`;
      await noteAudit(db, {
        action: 'collection.deleted',
        actorId: request.caller.userId,
        target: id,
        detail,
        ip: request.ip,
      });
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/collections/:id/members',
    { config: { access: 'read' }, schema: { params, response: { 200: listOf(member) } } },
    async (request) => {
      const items = await listMembers(
        db,
        await needCollection(db, request.caller, request.params.id, 'viewer'),
      );
      return { items, nextCursor: null, total: items.length };
    },
  );

  app.put(
    '/api/v1/collections/:id/members',
    { config: { access: 'write' }, schema: { params, body: memberBody, response: { 200: member } } },
    async (request) => {
      const { caller, params, body, ip } = request;
      const changed = await db.transaction().execute(async (tx) => {
        const found = await needCollection(tx, caller, params.id, 'owner');
        const put = await putMember(tx, found, body);
        await noteAudit(tx, {
          action: 'member.changed',
          actorId: caller.userId,
          target: found.id,
          detail: `${put.userId} ${put.role}`,
          ip,
        });
        return put;
      });
      // a right shows at once, and is gone at once
      await replicas?.told(changed.userId);
      return changed;
    },
  );

  app.delete(
    '/api/v1/collections/:id/members/:userId',
    { config: { access: 'write' }, schema: { params: memberParams, response: { 204: z.null() } } },
    async (request, reply) => {
      const { caller, params, ip } = request;
      // members may leave by themselves
      const found = await needCollection(
        db,
        caller,
        params.id,
        params.userId === caller.userId ? 'viewer' : 'owner',
      );
      if (params.userId === found.owner_id)
        throw new AppError('CONFLICT', 'The owner stays: delete the collection instead.');
      if (!(await removeMember(db, found.id, params.userId)))
        throw new AppError('NOT_FOUND', 'They are no member of this collection.');
      await replicas?.told(params.userId);
      await noteAudit(db, {
        action: 'member.removed',
        actorId: caller.userId,
        target: found.id,
        detail: params.userId,
        ip,
      });
      return reply.code(204).send(null);
    },
  );
}
