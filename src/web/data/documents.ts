import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { ListPage } from '../../contract/common.ts';
import type {
  BulkAction,
  BulkResult,
  Document,
  DocumentCitation,
  DocumentFacets,
} from '../../contract/documents.ts';
import { change, read, send } from '../client/http.ts';
import { type DocumentList, joinBeginning } from './document-list.ts';

const at = (id: string) => `/api/v1/documents/${encodeURIComponent(id)}`;

/** What a listing asks for; part of its key. */
export interface DocumentsFilter {
  readonly q?: string | undefined;
  readonly status?: Document['status'] | undefined;
  readonly mimeType?: string | undefined;
  readonly tag?: string | undefined;
  readonly collectionId?: string | undefined;
  readonly sort?: string | undefined;
}
/** The first page comes soon, the others in few requests. */
const FIRST_PAGE = 100;
const NEXT_PAGE = 200;
/** Of a listing with more pages, only the beginning is read again. */
const SHORT_LIST_PAGES = 3;
/** Pages of long listings that a change further down made wrong. */
const outdated = new WeakSet<ListPage<Document>>();

export const documentKeys = {
  all: ['documents'] as const,
  lists: ['documents', 'list'] as const,
  one: (id: string) => ['documents', 'one', id] as const,
};

/**
 * The documents that match, `FIRST_PAGE` and then `NEXT_PAGE` at a time. Reading ten thousand rows again whenever
 * one of them is ready would cost fifty requests each time, so of a long listing the first page is, and the others
 * stay while the total says that nothing happened to them.
 */
export const documentsQuery = (filter: DocumentsFilter) =>
  infiniteQueryOptions({
    queryKey: [...documentKeys.lists, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal, client, queryKey }) => {
      const before = client.getQueryData<DocumentList>(queryKey);
      const long = before !== undefined && before.pages.length > SHORT_LIST_PAGES;
      if (long && pageParam !== undefined) {
        const kept = before.pages[before.pageParams.indexOf(pageParam)];
        if (kept !== undefined && !outdated.has(kept)) return kept;
      }
      const page = await read<ListPage<Document>>(
        '/api/v1/documents',
        { ...filter, limit: pageParam === undefined ? FIRST_PAGE : NEXT_PAGE, cursor: pageParam },
        signal,
      );
      const first = long && pageParam === undefined ? before.pages[0] : undefined;
      if (first === undefined) return page;
      const joined = outdated.has(first) ? undefined : joinBeginning(first, page);
      if (joined === undefined) for (const each of before?.pages ?? []) outdated.add(each);
      return joined ?? page;
    },
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const documentQuery = (id: string) =>
  queryOptions({
    queryKey: documentKeys.one(id),
    queryFn: ({ signal }) => read<Document>(at(id), undefined, signal),
  });

export const facetsQuery = (collectionId?: string) =>
  queryOptions({
    queryKey: ['documents', 'facets', collectionId],
    queryFn: ({ signal }) => read<DocumentFacets>('/api/v1/documents/facets', { collectionId }, signal),
  });

/** The extracted text of one page; it changes only when the document is read again. */
export const pageTextQuery = (id: string, page: number) =>
  queryOptions({
    queryKey: [...documentKeys.one(id), 'text', page],
    queryFn: async ({ signal }) => (await read<{ text: string }>(`${at(id)}/text`, { page }, signal)).text,
    staleTime: 5 * 60_000,
  });

export interface ChunkView {
  readonly id: string;
  readonly page: number;
  readonly start: number;
  readonly end: number;
  readonly headingPath: string[];
  readonly text: string;
}
export const chunksQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: [...documentKeys.one(id), 'chunks'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      read<ListPage<ChunkView>>(`${at(id)}/chunks`, { limit: 100, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

/** Where the document begins, for what it is about. */
export const firstChunksQuery = (id: string) =>
  queryOptions({
    queryKey: [...documentKeys.one(id), 'first-chunks'],
    queryFn: async ({ signal }) =>
      (await read<ListPage<ChunkView>>(`${at(id)}/chunks`, { limit: 12 }, signal)).items,
    staleTime: 5 * 60_000,
  });

export const documentCitationsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: [...documentKeys.one(id), 'citations'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      read<ListPage<DocumentCitation>>(`${at(id)}/citations`, { limit: 50, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const patchDocument = (
  id: string,
  fields: { title?: string; tags?: string[]; collectionId?: string },
) => change<Document>('PATCH', at(id), fields, { retry: true });
export const reindexDocument = (id: string) =>
  change<{ taskId: string }>('POST', `${at(id)}/reindex`, undefined, { retry: true });
export const changeDocuments = (documentIds: readonly string[], action: BulkAction, keepalive = false) =>
  change<BulkResult>('POST', '/api/v1/documents/bulk', { documentIds, action }, { retry: true, keepalive });

/** The original's bytes; the token goes along, so a plain link would not do. @throws as `send` */
export const originalFile = async (id: string, signal?: AbortSignal) =>
  (await send(`${at(id)}/file`, { signal })).blob();

/**
 * The same, told of while it comes: `onProgress` gets a share of 0 to 1 where the length is known.
 *
 * @throws as `send`
 */
export async function originalBytes(
  id: string,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const { body, headers } = await send(`${at(id)}/file`, { signal });
  const total = Number(headers.get('content-length'));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  const reader = body?.getReader();
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (value === undefined) break;
    parts.push(value);
    received += value.length;
    if (total > 0) onProgress(Math.min(1, received / total));
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
