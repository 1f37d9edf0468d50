import { Readable } from 'node:stream';
import { z } from 'zod';
import { id, listOf, pageQuery } from '../../../contract/common.ts';
import {
  bulkBody,
  bulkResult,
  chunk,
  type Document,
  document,
  documentCitation,
  documentsQuery,
  documentFacets as facets,
  facetsQuery,
  pageText,
  patchDocumentBody,
  taskStarted,
} from '../../../contract/documents.ts';
import { AppError } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import { noteAudit } from '../../records/audit.ts';
import { listDocumentCitations } from '../../records/document-citations.ts';
import { documentFacets } from '../../records/document-facets.ts';
import {
  describeDocument,
  listChunks,
  listDocuments,
  needDocument,
  toDocument,
} from '../../records/documents.ts';
import { moveDocument, reindex } from '../../records/intake.ts';
import { readPage } from '../../records/pages.ts';
import { removeDocument } from '../../records/removal.ts';
import { withProgress } from '../../records/with-progress.ts';
import type { App } from '../app-types.ts';
import { needCollection } from '../collection-access.ts';
import { attachment } from '../disposition.ts';
import { changeMany } from '../documents/change-many.ts';
import { isKnown } from '../if-none-match.ts';
import { parseRange } from '../range.ts';
import type { Services } from '../services.ts';

const params = z.object({ id });

/**
 * The bytes come from strangers: whatever they are, they are saved, not shown, and where a browser shows them
 * nevertheless they run no script and reach nothing.
 */
const FILE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'accept-ranges': 'bytes',
  'cache-control': 'private, no-cache',
};

export function registerDocumentRoutes(app: App, { db, files, queue, events, memory }: Services): void {
  const show = async (userId: string, documentId: string): Promise<Document> => {
    const [shown] = await withProgress(db, userId, [
      toDocument(await needDocument(db, userId, documentId, 'viewer')),
    ]);
    return shown as Document;
  };

  app.get(
    '/api/v1/documents',
    {
      config: { access: 'read', mayLag: true },
      schema: { querystring: documentsQuery, response: { 200: listOf(document) } },
    },
    (request) => listDocuments(db, request.caller.userId, request.query),
  );

  app.get(
    '/api/v1/documents/facets',
    {
      config: { access: 'read', mayLag: true },
      schema: { querystring: facetsQuery, response: { 200: facets } },
    },
    (request) => documentFacets(db, request.caller.userId, request.query.collectionId),
  );

  app.post(
    '/api/v1/documents/bulk',
    { config: { access: 'write' }, schema: { body: bulkBody, response: { 200: bulkResult } } },
    async ({ caller, ip, body }) => {
      if (body.action.type === 'reindex') memory?.admit();
      return changeMany({ db, queue, events }, { userId: caller.userId, ip }, body.documentIds, body.action);
    },
  );

  app.get(
    '/api/v1/documents/:id',
    { config: { access: 'read', mayLag: true }, schema: { params, response: { 200: document } } },
    (request) => show(request.caller.userId, request.params.id),
  );

  app.patch(
    '/api/v1/documents/:id',
    { config: { access: 'write' }, schema: { params, body: patchDocumentBody, response: { 200: document } } },
    async (request) => {
      const { userId } = request.caller;
      const { collectionId, title, tags } = request.body;
      let found = await needDocument(db, userId, request.params.id, 'editor');
      if (collectionId !== undefined && collectionId !== found.collection_id) {
        await needCollection(db, request.caller, collectionId, 'editor');
        await moveDocument(db, queue, found.id, collectionId);
        found = await needDocument(db, userId, found.id, 'editor');
      }
      if (title !== undefined || tags !== undefined) {
        await db.transaction().execute((tx) => describeDocument(tx, found, { title, tags }));
      }
      return show(userId, found.id);
    },
  );

  app.delete(
    '/api/v1/documents/:id',
    { config: { access: 'write' }, schema: { params, response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId } = request.caller;
      const found = await needDocument(db, userId, request.params.id, 'editor');
      for (const taskId of await removeDocument(db, queue, found.id)) events.publish('task', taskId);
      faultPoint('document-removed');
      await noteAudit(db, { action: 'document.deleted', actorId: userId, target: found.id, ip: request.ip });
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/documents/:id/file',
    { config: { access: 'read' }, schema: { params } },
    async (request, reply) => {
      const found = await needDocument(db, request.caller.userId, request.params.id, 'viewer');
      const etag = `"${found.sha256}"`;
      const headers = {
        ...FILE_HEADERS,
        etag,
        'content-type': found.mime_type,
        'content-disposition': attachment(found.filename),
      };
      const { range: asked, 'if-range': condition, 'if-none-match': known } = request.headers;
      if (isKnown(known, etag)) return reply.code(304).headers(headers).send();
      // the policy of our pages lets their scripts reach this server alone
      if (request.method === 'GET' && request.headers['sec-fetch-site'] !== 'same-origin') {
        const as = { disposition: headers['content-disposition'], mimeType: found.mime_type };
        const address = await files.link(found.storage_key, as);
        if (address !== undefined)
          return reply.code(302).headers({ location: address, 'cache-control': 'no-store' }).send();
      }
      const whole = request.method === 'HEAD' || (condition !== undefined && condition !== etag);
      const range = parseRange(whole ? undefined : asked, found.size_bytes);
      if (range.kind === 'unsatisfiable') {
        reply.header('content-range', `bytes */${found.size_bytes}`);
        throw new AppError('RANGE_NOT_SATISFIABLE', `The file has ${found.size_bytes} bytes.`);
      }
      if (range.kind === 'part') {
        const { start, end } = range;
        const part = await files.read(found.storage_key, { start, end });
        return reply
          .code(206)
          .headers(headers)
          .header('content-range', `bytes ${start}-${end}/${found.size_bytes}`)
          .header('content-length', end - start + 1)
          .send(part);
      }
      // to HEAD goes an empty stream: of any other payload the framework would tell the length
      const content = request.method === 'HEAD' ? Readable.from([]) : await files.read(found.storage_key);
      return reply.headers(headers).header('content-length', found.size_bytes).send(content);
    },
  );

  app.get(
    '/api/v1/documents/:id/text',
    {
      config: { access: 'read', mayLag: true },
      schema: {
        params,
        querystring: z.object({ page: z.coerce.number().int().min(1).default(1) }),
        response: { 200: pageText },
      },
    },
    async (request) => {
      const { page } = request.query;
      const found = await needDocument(db, request.caller.userId, request.params.id, 'viewer');
      const text = await readPage(db, found.id, found.revision, page);
      if (text === undefined) throw new AppError('NOT_FOUND', `The document has no page ${page}.`);
      return { page, text };
    },
  );

  app.get(
    '/api/v1/documents/:id/chunks',
    {
      config: { access: 'read', mayLag: true },
      schema: { params, querystring: pageQuery, response: { 200: listOf(chunk) } },
    },
    async (request) => {
      const found = await needDocument(db, request.caller.userId, request.params.id, 'viewer');
      return listChunks(db, found, request.query);
    },
  );

  app.get(
    '/api/v1/documents/:id/citations',
    {
      config: { access: 'read', mayLag: true },
      schema: { params, querystring: pageQuery, response: { 200: listOf(documentCitation) } },
    },
    async ({ caller: { userId }, params, query }) => {
      const { id } = await needDocument(db, userId, params.id, 'viewer');
      return listDocumentCitations(db, userId, id, query);
    },
  );

  app.post(
    '/api/v1/documents/:id/reindex',
    { config: { access: 'write', heavy: true }, schema: { params, response: { 202: taskStarted } } },
    async (request, reply) => {
      const found = await needDocument(db, request.caller.userId, request.params.id, 'editor');
      const taskId = await reindex(db, queue, request.caller.userId, [found.id]);
      events.publish('task', taskId);
      return reply.code(202).send({ taskId });
    },
  );
}
