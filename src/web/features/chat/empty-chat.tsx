import { useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FilePlus2, FileText } from 'lucide-react';
import type { Document } from '../../../contract/documents.ts';
import { documentsQuery, firstChunksQuery } from '../../data/documents.ts';
import * as text from '../../text/text.ts';
import { buttonClass } from '../../ui/button.tsx';
import { EmptyState, ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import type { Scope } from './scope.ts';
import { type Suggestion, suggestionOf } from './suggestions.ts';

const MOST = 4;

interface EmptyChatProps {
  readonly onAsk: (question: string, scope: Scope) => void;
}

/** Before the first question: what could be asked of the latest documents, or the way to the first one. */
export function EmptyChat({ onAsk }: EmptyChatProps) {
  const ready = useInfiniteQuery(documentsQuery({ status: 'ready', sort: '-createdAt' }));
  const documents = ready.data?.pages[0]?.items;
  if (ready.error !== null) return <ErrorState error={ready.error} onRetry={() => void ready.refetch()} />;
  if (documents?.length === 0)
    return (
      <div className="m-auto">
        <EmptyState
          icon={<FilePlus2 className="size-6" />}
          title={text.chat.noDocumentsTitle}
          actions={
            <Link to="/library" className={buttonClass('primary')}>
              {text.chat.addDocuments}
            </Link>
          }
        >
          {text.chat.noDocumentsHint}
        </EmptyState>
      </div>
    );
  return (
    <div className="m-auto w-full max-w-3xl px-1 py-8">
      <div className="mb-8 text-center">
        <h2 className="text-2xl font-semibold tracking-tight text-balance">{text.chat.emptyTitle}</h2>
        <p className="mt-2 text-muted">{text.chat.emptyHint}</p>
      </div>
      {documents === undefined ? (
        <Loading>
          <div className="grid gap-2 sm:grid-cols-2">
            {Array.from({ length: MOST }, (_, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: four of a kind
              <Skeleton key={i} className="h-20" />
            ))}
          </div>
        </Loading>
      ) : (
        <Suggestions documents={documents.slice(0, MOST)} onAsk={onAsk} />
      )}
    </div>
  );
}

function Suggestions({ documents, onAsk }: EmptyChatProps & { documents: readonly Document[] }) {
  const suggestions = useQueries({
    queries: documents.map(({ id }) => firstChunksQuery(id)),
    combine: (results) =>
      results.map(({ data, isPending }, i) =>
        isPending
          ? undefined
          : suggestionOf(
              documents[i] as Document,
              (data ?? []).map(({ headingPath }) => headingPath),
            ),
      ),
  });
  return (
    <ul aria-label={text.chat.suggestions} className="grid gap-2 sm:grid-cols-2">
      {suggestions.map((suggestion, i) => (
        <li key={documents[i]?.id}>
          {suggestion === undefined ? (
            <Skeleton className="h-20" />
          ) : (
            <SuggestionCard suggestion={suggestion} onAsk={onAsk} />
          )}
        </li>
      ))}
    </ul>
  );
}

function questionOf({ kind, words }: Suggestion): string {
  switch (kind) {
    case 'question':
      return words;
    case 'heading':
      return text.chat.suggestHeading(words);
    case 'title':
      return text.chat.suggestTitle(words);
    default:
      return kind satisfies never;
  }
}

function SuggestionCard({ suggestion, onAsk }: EmptyChatProps & { suggestion: Suggestion }) {
  const { id, title } = suggestion.document;
  const question = questionOf(suggestion);
  return (
    <button
      type="button"
      onClick={() => onAsk(question, { kind: 'documents', items: [{ id, name: title }] })}
      className="flex h-full w-full flex-col justify-between gap-2 rounded-lg border border-line bg-surface p-4 text-left text-sm shadow-card transition-colors hover:border-accent-text"
    >
      <span dir="auto" className="line-clamp-2 font-medium">
        {question}
      </span>
      <span className="flex min-w-0 items-center gap-1.5 text-xs text-muted">
        <FileText aria-hidden className="size-3.5 shrink-0" />
        <span className="truncate">{title}</span>
      </span>
    </button>
  );
}
