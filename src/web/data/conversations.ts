import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { ListPage } from '../../contract/common.ts';
import type { Conversation, Message } from '../../contract/conversations.ts';
import { change, read, send } from '../client/http.ts';

const at = (id: string) => `/api/v1/conversations/${encodeURIComponent(id)}`;
export const conversationKeys = {
  all: ['conversations'] as const,
  messages: (id: string) => ['conversations', id, 'messages'] as const,
};

/** The latest used first. */
export const conversationsQuery = (q = '') =>
  infiniteQueryOptions({
    queryKey: [...conversationKeys.all, 'list', q],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      read<ListPage<Conversation>>(
        '/api/v1/conversations',
        { q: q === '' ? undefined : q, limit: 50, cursor: pageParam },
        signal,
      ),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const conversationQuery = (id: string) =>
  queryOptions({
    queryKey: [...conversationKeys.all, id],
    queryFn: ({ signal }) => read<Conversation>(at(id), undefined, signal),
  });

/** All messages, oldest first. */
export const messagesQuery = (id: string) =>
  queryOptions({
    queryKey: conversationKeys.messages(id),
    queryFn: async ({ signal }) => {
      const all: Message[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await read<ListPage<Message>>(`${at(id)}/messages`, { limit: 200, cursor }, signal);
        all.push(...page.items);
        if (page.nextCursor === null) return all;
        cursor = page.nextCursor;
      }
    },
  });

export const createConversation = (title: string) =>
  change<Conversation>('POST', '/api/v1/conversations', { title }, { retry: true });
export const renameConversation = (id: string, title: string) =>
  change<Conversation>('PATCH', at(id), { title }, { retry: true });
export const deleteConversation = (id: string, keepalive = false) =>
  change('DELETE', at(id), undefined, { retry: true, keepalive });
/** The message and all after it: what is asked instead takes their place. */
export const deleteMessagesFrom = (id: string, messageId: string) =>
  change('DELETE', `${at(id)}/messages/${encodeURIComponent(messageId)}`, undefined, { retry: true });
export const conversationMarkdown = async (id: string) =>
  (await send(at(id), { query: { format: 'markdown' } })).text();
export const rateMessage = (id: string, rating: 1 | -1, comment?: string) =>
  change<Message>(
    'POST',
    `/api/v1/messages/${encodeURIComponent(id)}/feedback`,
    comment === undefined ? { rating } : { rating, comment },
  );
