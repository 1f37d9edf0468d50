import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { collectionsQuery } from '../../data/collections.ts';
import { documentQuery } from '../../data/documents.ts';
import * as text from '../../text/text.ts';
import { usePageTitle } from '../../ui/page.tsx';
import { Loading } from '../../ui/state.tsx';
import { Chat } from './chat.tsx';
import { ChatHeader } from './chat-header.tsx';
import type { Scope } from './scope.ts';

export function NewChatPage() {
  usePageTitle(text.chat.newTitle);
  const search = useSearch({ from: '/app/chat' });
  const { documentId, collectionId, q } = search;
  const document = useQuery({ ...documentQuery(documentId ?? ''), enabled: documentId !== undefined });
  const collections = useQuery({ ...collectionsQuery(), enabled: collectionId !== undefined });
  // the names are shown beside the question; without them the ids would be
  if (
    (documentId !== undefined && document.isPending) ||
    (collectionId !== undefined && collections.isPending)
  )
    return <Loading>{null}</Loading>;
  const collection = collections.data?.find(({ id }) => id === collectionId);
  const scope: Scope | undefined =
    document.data !== undefined
      ? { kind: 'documents', items: [{ id: document.data.id, name: document.data.title }] }
      : collection !== undefined
        ? { kind: 'collections', items: [{ id: collection.id, name: collection.name }] }
        : undefined;
  return (
    <>
      <h1 className="sr-only">{text.chat.newTitle}</h1>
      <Chat key={`${documentId}-${collectionId}-${q}`} firstQuestion={q} firstScope={scope} />
    </>
  );
}

export function ChatPage() {
  const { conversationId } = useParams({ from: '/app/chat/$conversationId' });
  const { message } = useSearch({ from: '/app/chat/$conversationId' });
  return (
    <Chat
      key={conversationId}
      conversationId={conversationId}
      message={message}
      header={<ChatHeader conversationId={conversationId} />}
    />
  );
}
