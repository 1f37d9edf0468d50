import { Readable } from 'node:stream';
import { z } from 'zod';
import { id, listOf, pageQuery } from '../../../contract/common.ts';
import {
  conversation,
  conversationBody,
  conversationsQuery,
  feedbackBody,
  message,
} from '../../../contract/conversations.ts';
import {
  conversationMarkdown,
  createConversation,
  deleteConversation,
  deleteMessagesFrom,
  listConversations,
  listMessages,
  needConversation,
  rateMessage,
  renameConversation,
} from '../../records/conversations.ts';
import type { App } from '../app-types.ts';
import { attachment } from '../disposition.ts';
import type { Services } from '../services.ts';

const params = z.object({ id });
const messageParams = z.object({ id, messageId: id });
const formatQuery = z.object({ format: z.enum(['json', 'markdown']).optional() });

export function registerConversationRoutes(app: App, { db }: Services): void {
  app.get(
    '/api/v1/conversations',
    {
      config: { access: 'read', mayLag: true },
      schema: { querystring: conversationsQuery, response: { 200: listOf(conversation) } },
    },
    (request) => listConversations(db, request.caller.userId, request.query),
  );

  app.post(
    '/api/v1/conversations',
    {
      config: { access: 'write' },
      schema: { body: conversationBody.optional(), response: { 201: conversation } },
    },
    async (request, reply) =>
      reply.code(201).send(await createConversation(db, request.caller.userId, request.body?.title)),
  );

  app.get(
    '/api/v1/conversations/:id',
    {
      config: { access: 'read', mayLag: true },
      schema: { params, querystring: formatQuery, response: { 200: conversation } },
    },
    async (request, reply) => {
      const { caller, params, query, headers } = request;
      const found = await needConversation(db, caller.userId, params.id);
      const format = query.format ?? (headers.accept?.startsWith('text/markdown') ? 'markdown' : 'json');
      if (format === 'json') return found;
      reply
        .header('content-type', 'text/markdown; charset=utf-8')
        .header('content-disposition', attachment(`${found.title.replaceAll(/[\\/:*?"<>|]/g, ' ')}.md`));
      return reply.send(Readable.from(conversationMarkdown(db, caller.userId, found.id)) as never);
    },
  );

  app.patch(
    '/api/v1/conversations/:id',
    {
      config: { access: 'write' },
      schema: { params, body: conversationBody, response: { 200: conversation } },
    },
    (request) => renameConversation(db, request.caller.userId, request.params.id, request.body.title),
  );

  app.delete(
    '/api/v1/conversations/:id',
    { config: { access: 'write' }, schema: { params, response: { 204: z.null() } } },
    async (request, reply) => {
      await deleteConversation(db, request.caller.userId, request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/conversations/:id/messages',
    {
      config: { access: 'read', mayLag: true },
      schema: { params, querystring: pageQuery, response: { 200: listOf(message) } },
    },
    (request) => listMessages(db, request.caller.userId, request.params.id, request.query),
  );

  app.delete(
    '/api/v1/conversations/:id/messages/:messageId',
    { config: { access: 'write' }, schema: { params: messageParams, response: { 204: z.null() } } },
    async ({ caller, params }, reply) => {
      await db
        .transaction()
        .execute((tx) => deleteMessagesFrom(tx, caller.userId, params.id, params.messageId));
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/messages/:id/feedback',
    { config: { access: 'write' }, schema: { params, body: feedbackBody, response: { 200: message } } },
    (request) =>
      db
        .transaction()
        .execute((tx) => rateMessage(tx, request.caller.userId, request.params.id, request.body)),
  );
}
