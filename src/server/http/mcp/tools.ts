import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Document } from '../../../contract/documents.ts';
import { AppError } from '../../errors.ts';
import { listDocuments, needDocument, toDocument } from '../../records/documents.ts';
import { readPage } from '../../records/pages.ts';
import { type Ask, lastAnswer } from '../asking.ts';
import type { DocumentLink } from '../document-link.ts';
import type { LastHour } from '../last-hour.ts';
import { findNamed, type NamedCollection, namedCollections } from '../named-collections.ts';
import type { Services } from '../services.ts';
import { createStageNotes } from '../stage-notes.ts';
import type {
  AskOutput,
  askInput,
  GetOutput,
  getInput,
  ListOutput,
  listInput,
  SearchOutput,
  searchInput,
} from './shapes.ts';

/** One call of a tool: on whose behalf, and until when anybody waits for it. */
export interface Call {
  readonly request: FastifyRequest;
  readonly link: DocumentLink;
  readonly signal: AbortSignal;
}

/** The knowledge base as tools: the same work as behind the routes of the API, for the same caller. */
export interface Tools {
  search(input: z.infer<typeof searchInput>, call: Call): Promise<SearchOutput>;
  ask(input: z.infer<typeof askInput>, call: Call): Promise<AskOutput>;
  listDocuments(input: z.infer<typeof listInput>, call: Call): Promise<ListOutput>;
  getDocument(input: z.infer<typeof getInput>, call: Call): Promise<GetOutput>;
}

export function createTools(
  { answering, db, metrics }: Pick<Services, 'answering' | 'db' | 'metrics'>,
  ask: Ask,
  lastHour: LastHour,
): Tools {
  const noteStages = createStageNotes(metrics);
  /** @throws AppError NOT_FOUND, also for a collection that the caller may not read. */
  const collectionIdOf = async (userId: string, name: string | undefined): Promise<string | undefined> =>
    name === undefined ? undefined : needNamed(await namedCollections(db, userId), name).collection.id;

  return {
    async search({ query, limit, mode, collection, documentIds, tags }, { request, link, signal }) {
      const { userId } = request.caller;
      const collectionId = await collectionIdOf(userId, collection);
      const filters = {
        ...(collectionId === undefined ? {} : { collectionIds: [collectionId] }),
        ...(documentIds === undefined ? {} : { documentIds }),
        ...(tags === undefined ? {} : { tags }),
      };
      const found = await answering.search(
        userId,
        { query, limit, mode, ...(Object.keys(filters).length === 0 ? {} : { filters }) },
        signal,
      );
      noteStages(request, found);
      lastHour.record(userId, { kind: 'search', ms: found.tookMs, cached: found.cached });
      return {
        hits: found.hits.map((hit) => {
          const { chunkId, documentId, title, page, start, end, text, score } = hit;
          return { chunkId, documentId, title, page, start, end, text, score, url: link(hit) };
        }),
        ...(found.degraded === undefined ? {} : { degraded: found.degraded }),
      };
    },

    async ask({ question, collection }, { request, link, signal }) {
      const collectionId = await collectionIdOf(request.caller.userId, collection);
      const { answer, answered, citations, degraded, fallback } = await lastAnswer(
        ask(
          request,
          { query: question, limit: 10, ...(collectionId === undefined ? {} : { collectionId }) },
          signal,
          { whole: true },
        ),
      );
      return {
        answer,
        answered,
        citations: citations.map((citation) => ({ ...citation, url: link(citation) })),
        ...(degraded === undefined ? {} : { degraded }),
        ...(fallback === undefined ? {} : { fallback }),
      };
    },

    async listDocuments({ query, collection, status, limit, cursor }, { request, link }) {
      const { userId } = request.caller;
      const named = await namedCollections(db, userId);
      const collectionId = collection === undefined ? undefined : needNamed(named, collection).collection.id;
      const { items, nextCursor, total } = await listDocuments(db, userId, {
        q: query,
        collectionId,
        status,
        limit,
        cursor,
      });
      return {
        documents: items.map((document) => asListed(document, link)),
        nextCursor,
        total,
        collections: named.map(({ collection: { id, name, documentCount } }) => ({
          id,
          name,
          documentCount,
        })),
      };
    },

    async getDocument({ documentId, page, offset, maxChars }, { request, link }) {
      const stored = await needDocument(db, request.caller.userId, documentId, 'viewer');
      const document = toDocument(stored);
      const whole = await readPage(db, stored.id, stored.revision, page);
      if (whole === undefined) {
        throw new AppError(
          'NOT_FOUND',
          document.pages === 0
            ? `The document has no text yet: it is ${document.status}.`
            : `The document has no page ${page}: it has ${document.pages}.`,
        );
      }
      const start = Math.min(offset, whole.length);
      const end = Math.min(start + maxChars, whole.length);
      return {
        document: asListed(document, link),
        page,
        start,
        end,
        pageChars: whole.length,
        text: whole.slice(start, end),
        next:
          end < whole.length
            ? { page, offset: end }
            : page < document.pages
              ? { page: page + 1, offset: 0 }
              : null,
      };
    },
  };
}

function needNamed(named: readonly NamedCollection[], name: string): NamedCollection {
  const found = findNamed(named, name);
  if (found === undefined)
    throw new AppError(
      'NOT_FOUND',
      'There is no such collection: list_documents names those that there are.',
    );
  return found;
}

function asListed(document: Document, link: DocumentLink): ListOutput['documents'][number] {
  const { id, collectionId, title, filename, mimeType, status, pages, tags, language, createdAt } = document;
  const url = link({ documentId: id });
  return { id, collectionId, title, filename, mimeType, status, pages, tags, language, createdAt, url };
}
