import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { MessageSquareQuote } from 'lucide-react';
import type { Document, DocumentCitation } from '../../../contract/documents.ts';
import { documentCitationsQuery } from '../../data/documents.ts';
import { formatAgo, formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { EmptyState, ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { pageKindOf } from '../../viewer/page-kind.ts';

/** The answers that rest on the document, each with the words that it rests on. */
export function CitedTab({ document }: { document: Document }) {
  const query = useInfiniteQuery(documentCitationsQuery(document.id));
  const citations = query.data?.pages.flatMap(({ items }) => items);
  if (citations === undefined)
    return query.error === null ? (
      <Loading>
        <div className="mx-auto flex max-w-3xl flex-col gap-3 p-4">
          <Skeleton className="h-32" />
          <Skeleton className="h-32" />
        </div>
      </Loading>
    ) : (
      <ErrorState error={query.error} onRetry={() => void query.refetch()} />
    );
  if (citations.length === 0)
    return (
      <EmptyState
        icon={<MessageSquareQuote className="size-6" />}
        title={text.library.noCitations}
        actions={
          <Link to="/chat" search={{ documentId: document.id }} className={buttonClass()}>
            {text.library.ask}
          </Link>
        }
      >
        {text.library.noCitationsText}
      </EmptyState>
    );
  return (
    <section
      aria-label={text.library.tabs.cited}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto outline-offset-[-2px]"
    >
      <ul className="mx-auto flex max-w-3xl flex-col gap-3 p-4">
        {citations.map((citation) => (
          <li key={`${citation.messageId} ${citation.marker}`}>
            <Citation document={document} citation={citation} />
          </li>
        ))}
      </ul>
      {query.hasNextPage ? (
        <div className="flex justify-center pb-6">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {text.library.showMore}
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function Citation({
  document: { id, mimeType },
  citation,
}: {
  document: Document;
  citation: DocumentCitation;
}) {
  const { question, quote, page, start, end, conversationId, conversationTitle, messageId, createdAt } =
    citation;
  return (
    <article className="rounded-lg border border-line bg-surface p-4 shadow-card">
      <h2 className="text-sm font-semibold [overflow-wrap:anywhere]">{question}</h2>
      <p className="mt-0.5 truncate text-xs text-muted">
        {text.library.inChat(conversationTitle)} · <time dateTime={createdAt}>{formatAgo(createdAt)}</time>
      </p>
      <blockquote className="mt-3 border-l-2 border-mark-strong pl-3 text-sm leading-relaxed whitespace-pre-line [overflow-wrap:anywhere]">
        {quote}
      </blockquote>
      <div className="mt-3 flex flex-wrap gap-x-4 gap-y-1 text-sm">
        <Link
          to="/library/$documentId"
          params={{ documentId: id }}
          search={{ page, start, end }}
          className="text-accent-text hover:underline"
        >
          {text.library.showPassage} (
          {text.viewer.page(pageKindOf(mimeType), formatNumber(page)).toLowerCase()})
        </Link>
        <Link
          to="/chat/$conversationId"
          params={{ conversationId }}
          search={{ message: messageId }}
          className="text-accent-text hover:underline"
        >
          {text.library.openAnswer}
        </Link>
      </div>
    </article>
  );
}
