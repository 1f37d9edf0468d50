import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ExternalLink, FileX2, X } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useRef } from 'react';
import { ProblemError } from '../../client/problem.ts';
import { documentQuery } from '../../data/documents.ts';
import * as text from '../../text/text.ts';
import { IconButton } from '../../ui/button.tsx';
import { EmptyState, ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { Tooltip } from '../../ui/tooltip.tsx';
import type { Passage } from './citation-context.ts';

const DocumentViewer = lazy(() =>
  import('../../viewer/document-viewer.tsx').then((module) => ({ default: module.DocumentViewer })),
);

interface SourcePaneProps {
  readonly passage: Passage;
  /** Beside the conversation, or over it where there is no room. */
  readonly beside: boolean;
  readonly onClose: () => void;
}

/** The document that an answer rests on, open at the passage. */
export function SourcePane({ passage, beside, onClose }: SourcePaneProps) {
  const sheet = useRef<HTMLDialogElement>(null);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!beside && sheet.current?.open === false) sheet.current.showModal();
  }, [beside]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every passage that is opened gets the focus
  useEffect(() => head.current?.focus({ preventScroll: true }), [passage]);

  const content = (
    <>
      <header className="flex min-h-13 items-center gap-1 border-b border-line bg-surface py-1 pr-2 pl-4">
        <h2
          ref={head}
          tabIndex={-1}
          className="min-w-0 flex-1 truncate text-sm font-semibold outline-none"
          title={passage.title}
        >
          <span className="sr-only">{text.chat.pane}: </span>
          {passage.title}
        </h2>
        <Tooltip label={text.chat.openDocument}>
          <Link
            to="/library/$documentId"
            params={{ documentId: passage.documentId }}
            search={{ page: passage.page, start: passage.start, end: passage.end }}
            aria-label={text.chat.openDocument}
            className="inline-flex size-9 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-ink"
          >
            <ExternalLink aria-hidden className="size-4" />
          </Link>
        </Tooltip>
        <IconButton label={text.chat.closePane} icon={<X className="size-4" />} onClick={onClose} />
      </header>
      <div className="min-h-0 flex-1">
        <PassageInDocument passage={passage} />
      </div>
    </>
  );
  return beside ? (
    <aside
      aria-label={text.chat.pane}
      className="flex w-[46%] max-w-4xl min-w-96 shrink-0 flex-col border-l border-line"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose();
      }}
    >
      {content}
    </aside>
  ) : (
    <dialog
      ref={sheet}
      aria-label={text.chat.pane}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className="m-0 h-dvh max-h-none w-screen max-w-none bg-surface p-0"
    >
      <div className="flex h-full flex-col">{content}</div>
    </dialog>
  );
}

function PassageInDocument({ passage }: { passage: Passage }) {
  const { documentId, page, start, end } = passage;
  const { data, error, refetch } = useQuery(documentQuery(documentId));
  // a new object for a new opening: what was scrolled away is brought back
  const span = useMemo(() => ({ page, start, end }), [page, start, end]);
  if (error instanceof ProblemError && error.status === 404)
    return (
      <EmptyState icon={<FileX2 className="size-6" />} title={text.chat.sourceGone}>
        {text.chat.sourceGoneHint}
      </EmptyState>
    );
  if (error !== null) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const waiting = (
    <Loading>
      <div className="flex flex-col gap-3 p-8">
        <Skeleton className="h-5 w-1/2" />
        <Skeleton className="h-4" />
        <Skeleton className="h-4" />
        <Skeleton className="h-4 w-2/3" />
      </div>
    </Loading>
  );
  if (data === undefined) return waiting;
  return (
    <Suspense fallback={waiting}>
      <DocumentViewer key={data.id} document={data} span={span} />
    </Suspense>
  );
}
