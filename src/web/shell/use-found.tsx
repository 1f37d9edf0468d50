import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ListPage } from '../../contract/common.ts';
import type { Conversation } from '../../contract/conversations.ts';
import type { Document } from '../../contract/documents.ts';
import type { Hit } from '../../contract/search.ts';
import { search } from '../client/batch-search.ts';
import { read } from '../client/http.ts';
import { passageSnippet } from '../features/chat/passage-snippet.ts';
import * as text from '../text/text.ts';
import { type Choice, ICONS } from './palette-commands.tsx';

const SHOWN_EACH = 5;
/** Before one types: what was used last. */
const SHOWN_RECENT = 3;
/** Shorter ones are in every passage. */
export const SHORTEST_SEARCH = 3;

interface Found {
  readonly documents: readonly Choice[];
  readonly passages: readonly Choice[];
  readonly chats: readonly Choice[];
  readonly isLooking: boolean;
  readonly error: unknown;
}

/** What the server has of it; with nothing typed, the latest. */
export function useFound(q: string): Found {
  const navigate = useNavigate();
  const limit = q === '' ? SHOWN_RECENT : SHOWN_EACH;
  const asked = { q: q || undefined, limit };
  const documents = useQuery({
    queryKey: ['documents', 'palette', asked],
    queryFn: ({ signal }) =>
      read<ListPage<Document>>('/api/v1/documents', { ...asked, sort: '-updatedAt' }, signal),
    placeholderData: keepPreviousData,
  });
  const chats = useQuery({
    queryKey: ['conversations', 'palette', asked],
    queryFn: ({ signal }) => read<ListPage<Conversation>>('/api/v1/conversations', asked, signal),
    placeholderData: keepPreviousData,
  });
  const isSearched = q.length >= SHORTEST_SEARCH;
  const passages = useQuery({
    queryKey: ['documents', 'palette-passages', q],
    enabled: isSearched,
    queryFn: ({ signal }) => search({ query: q, limit: SHOWN_EACH }, signal),
    placeholderData: keepPreviousData,
  });
  return {
    documents: (documents.data?.items ?? []).slice(0, limit).map(({ id, title, filename }) => ({
      key: `d-${id}`,
      label: title,
      ...(filename === title ? {} : { detail: filename }),
      icon: ICONS.document,
      run: () => void navigate({ to: '/library/$documentId', params: { documentId: id } }),
    })),
    passages: (isSearched ? (passages.data?.hits ?? []) : []).map((hit) => ({
      key: `p-${hit.chunkId}`,
      label: hit.text,
      shown: <Snippet hit={hit} />,
      detail: text.shell.palette.page(hit.title, hit.page),
      icon: ICONS.passage,
      run: () =>
        void navigate({
          to: '/library/$documentId',
          params: { documentId: hit.documentId },
          search: { page: hit.page, start: hit.start, end: hit.end },
        }),
    })),
    chats: (chats.data?.items ?? []).slice(0, limit).map(({ id, title, snippet }) => ({
      key: `c-${id}`,
      label: title,
      ...(snippet === undefined ? {} : { detail: snippet }),
      icon: ICONS.chat,
      run: () => void navigate({ to: '/chat/$conversationId', params: { conversationId: id } }),
    })),
    isLooking: documents.isFetching || chats.isFetching || passages.isFetching,
    error: documents.error ?? chats.error ?? passages.error,
  };
}

const LINE_LENGTH = 110;

const Snippet = ({ hit }: { hit: Hit }) =>
  passageSnippet(hit.text, hit.highlights, LINE_LENGTH).map((piece, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces keep their places
    piece.marked ? <mark key={i}>{piece.text}</mark> : piece.text,
  );
