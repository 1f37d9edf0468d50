import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Rows3 } from 'lucide-react';
import { memo, useEffect, useMemo, useRef } from 'react';
import type { Document } from '../../../contract/documents.ts';
import { type ChunkView, chunksQuery } from '../../data/documents.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { EmptyState, ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { pageKindOf } from '../../viewer/page-kind.ts';

const ESTIMATE = 190;
/** So many before the last loaded passage, the next ones are asked for. */
const AHEAD = 20;

/** The passages that are searched, in their order. */
export function PassagesTab({ document }: { document: Document }) {
  const query = useInfiniteQuery(chunksQuery(document.id));
  const { data, error, hasNextPage, isFetching, isError, fetchNextPage, refetch } = query;
  const passages = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const total = data?.pages[0]?.total ?? 0;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: hasNextPage ? total : passages.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATE,
    overscan: 4,
    paddingStart: 16,
    paddingEnd: 16,
    gap: 12,
    useFlushSync: false,
  });
  const last = virtualizer.range?.endIndex ?? 0;
  useEffect(() => {
    if (last + AHEAD >= passages.length && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [last, passages.length, hasNextPage, isFetching, isError, fetchNextPage]);

  if (data === undefined)
    return error === null ? (
      <Loading>
        <div className="mx-auto flex max-w-3xl flex-col gap-3 p-4">
          <Skeleton className="h-40" />
          <Skeleton className="h-40" />
        </div>
      </Loading>
    ) : (
      <ErrorState error={error} onRetry={() => void refetch()} />
    );
  if (total === 0)
    return (
      <EmptyState icon={<Rows3 className="size-6" />} title={text.library.noPassages}>
        {text.library.noPassagesText}
      </EmptyState>
    );
  return (
    <section
      ref={scroller}
      aria-label={text.library.tabs.passages}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto outline-offset-[-2px]"
    >
      <ol className="relative mx-auto max-w-3xl" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => (
          <li
            key={index}
            ref={virtualizer.measureElement}
            data-index={index}
            className="absolute inset-x-0 top-0 px-4"
            style={{ transform: `translateY(${start}px)` }}
          >
            <Passage document={document} place={index + 1} passage={passages[index]} />
          </li>
        ))}
      </ol>
    </section>
  );
}

const Passage = memo(function Passage({
  document: { id, mimeType },
  place,
  passage,
}: {
  document: Document;
  place: number;
  passage: ChunkView | undefined;
}) {
  if (passage === undefined) return <Skeleton className="h-44" />;
  const { page, start, end, headingPath } = passage;
  return (
    <article className="rounded-lg border border-line bg-surface p-4 shadow-card">
      <header className="mb-2 flex items-baseline justify-between gap-4 text-xs">
        <h2 className="min-w-0 font-medium text-muted [overflow-wrap:anywhere]">
          {headingPath.length === 0 ? (
            text.library.passage(formatNumber(place))
          ) : (
            <>
              <span className="mr-2 text-faint tabular-nums">{formatNumber(place)}</span>
              {headingPath.join(' › ')}
            </>
          )}
        </h2>
        <Link
          to="/library/$documentId"
          params={{ documentId: id }}
          search={{ page, start, end }}
          className="shrink-0 text-accent-text hover:underline"
        >
          {text.library.passageOn(text.viewer.page(pageKindOf(mimeType), formatNumber(page)).toLowerCase())}
        </Link>
      </header>
      <p className="text-sm leading-relaxed whitespace-pre-line [overflow-wrap:anywhere]">{passage.text}</p>
    </article>
  );
});
