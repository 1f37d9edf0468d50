import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Ellipsis, Pencil, Trash2 } from 'lucide-react';
import { lazy, Suspense, useDeferredValue, useState } from 'react';
import type { Conversation } from '../../contract/conversations.ts';
import { conversationsQuery } from '../data/conversations.ts';
import * as text from '../text/text.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { SearchField } from '../ui/field.tsx';
import { Menu } from '../ui/menu.tsx';
import { Skeleton } from '../ui/state.tsx';

const RenameChat = lazy(() => import('./chat-dialogs.tsx').then((room) => ({ default: room.RenameChat })));
const DeleteChat = lazy(() => import('./chat-dialogs.tsx').then((room) => ({ default: room.DeleteChat })));

/** The latest chats, with a search over titles and messages. */
export function ChatList() {
  const [q, setQ] = useState('');
  const query = useInfiniteQuery({
    ...conversationsQuery(useDeferredValue(q.trim())),
    placeholderData: keepPreviousData,
  });
  const [renamed, setRenamed] = useState<Conversation>();
  const [deleted, setDeleted] = useState<Conversation>();
  const chats = query.data?.pages.flatMap(({ items }) => items);
  const none = chats?.length === 0;
  return (
    <section aria-label={text.shell.chats} className="flex min-h-0 flex-col gap-1">
      <h2 className="px-3 text-xs font-medium text-muted">{text.shell.chats}</h2>
      {none && q === '' ? null : (
        <SearchField label={text.shell.searchChats} value={q} onChange={setQ} className="mb-1" />
      )}
      {chats === undefined && query.error === null ? <Skeleton className="mx-3 h-24" /> : null}
      {none ? (
        <p className="px-3 py-1 text-sm text-muted">
          {q === '' ? text.shell.noChats : text.shell.noChatsFound}
        </p>
      ) : null}
      <ul>
        {chats?.map((chat) => (
          <ChatRow key={chat.id} chat={chat} onRename={setRenamed} onDelete={setDeleted} />
        ))}
      </ul>
      {query.hasNextPage ? (
        <Button
          size="sm"
          look="quiet"
          busy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {text.shell.moreChats}
        </Button>
      ) : null}
      <Suspense>
        {renamed === undefined ? null : <RenameChat chat={renamed} onClose={() => setRenamed(undefined)} />}
        {deleted === undefined ? null : <DeleteChat chat={deleted} onClose={() => setDeleted(undefined)} />}
      </Suspense>
    </section>
  );
}

interface ChatRowProps {
  readonly chat: Conversation;
  readonly onRename: (chat: Conversation) => void;
  readonly onDelete: (chat: Conversation) => void;
}

const ChatRow = ({ chat, onRename, onDelete }: ChatRowProps) => (
  <li className="group relative">
    <Link
      to="/chat/$conversationId"
      params={{ conversationId: chat.id }}
      title={chat.title}
      className="block rounded-md py-1.5 pr-9 pl-3 text-sm text-muted hover:bg-hover hover:text-ink aria-[current=page]:bg-hover aria-[current=page]:font-medium aria-[current=page]:text-ink"
    >
      <span className="block truncate">{chat.title}</span>
      {chat.snippet === undefined ? null : (
        <span className="block truncate text-xs text-muted">{chat.snippet}</span>
      )}
    </Link>
    <Menu
      trigger={
        <IconButton
          small
          label={text.shell.chatActions(chat.title)}
          icon={<Ellipsis className="size-4" />}
          className="absolute top-0.5 right-1 opacity-0 group-hover:opacity-100 focus-visible:opacity-100 aria-expanded:opacity-100 pointer-coarse:opacity-100"
        />
      }
      entries={[
        { label: text.shell.rename, icon: <Pencil className="size-4" />, onSelect: () => onRename(chat) },
        {
          label: text.shell.delete,
          icon: <Trash2 className="size-4" />,
          danger: true,
          onSelect: () => onDelete(chat),
        },
      ]}
    />
  </li>
);
