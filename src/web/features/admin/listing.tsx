import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ListPage } from '../../../contract/common.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';

/** A list that comes page by page: loading, faulty, empty or there, with the button for more. */
export function Listing<T>({
  query,
  none,
  children,
}: {
  query: UseInfiniteQueryResult<InfiniteData<ListPage<T>>>;
  none: string;
  children: (items: readonly T[]) => ReactNode;
}) {
  if (query.error !== null && query.data === undefined)
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined)
    return (
      <Loading>
        <Skeleton className="h-64" />
      </Loading>
    );
  const items = query.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <p className="py-12 text-center text-muted">{none}</p>;
  return (
    <div className="flex flex-col gap-4">
      {children(items)}
      {query.hasNextPage ? (
        <Button
          className="self-center"
          busy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {text.admin.more}
        </Button>
      ) : null}
    </div>
  );
}
