import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useRef } from 'react';
import type { Document } from '../../../contract/documents.ts';
import { type DocumentsFilter, documentsQuery } from '../../data/documents.ts';
import { useDeleted } from './document-deletes.ts';

/** This many rows before the last loaded one come into sight, the next page is asked for. */
const AHEAD = 100;

export interface LoadedDocuments {
  /** Undefined until the first page is there. */
  readonly documents: readonly Document[] | undefined;
  /** All that match, loaded or not. */
  readonly total: number;
  readonly error: Error | null;
  /** The list of the filter before, until the new one is there. */
  readonly isOutdated: boolean;
  readonly retry: () => void;
  /** Loads on until the row at this place is there. */
  readonly reach: (index: number) => void;
  /** Loads on to the end. Told of how many are there, it answers whether to go on. */
  readonly loadAll: (onProgress: (loaded: number) => boolean) => Promise<readonly Document[]>;
}

export function useDocuments(filter: DocumentsFilter): LoadedDocuments {
  const query = useInfiniteQuery({ ...documentsQuery(filter), placeholderData: keepPreviousData });
  const deleted = useDeleted();
  const { data } = query;
  const [documents, total] = useMemo(() => {
    if (data === undefined) return [undefined, 0];
    const all = data.pages.flatMap(({ items }) => items);
    const shown = deleted.size === 0 ? all : all.filter(({ id }) => !deleted.has(id));
    const complete = data.pages.at(-1)?.nextCursor === null;
    const counted = (data.pages[0]?.total ?? 0) - (all.length - shown.length);
    return [shown, complete ? shown.length : Math.max(counted, shown.length)];
  }, [data, deleted]);

  const latest = useRef(query);
  latest.current = query;
  const loaded = documents?.length ?? 0;
  const reach = useCallback(
    (index: number) => {
      const { hasNextPage, isFetching, isError, fetchNextPage } = latest.current;
      if (index + AHEAD >= loaded && hasNextPage && !isFetching && !isError) void fetchNextPage();
    },
    [loaded],
  );
  const loadAll = useCallback(async (onProgress: (loaded: number) => boolean) => {
    for (;;) {
      const { data: now, hasNextPage, error } = await latest.current.fetchNextPage({ cancelRefetch: false });
      if (error !== null) throw error;
      const all = now?.pages.flatMap(({ items }) => items) ?? [];
      if (!onProgress(all.length) || !hasNextPage) return all;
    }
  }, []);
  return {
    documents,
    total,
    error: query.error,
    isOutdated: query.isPlaceholderData,
    retry: () => void (query.isFetchNextPageError ? query.fetchNextPage() : query.refetch()),
    reach,
    loadAll,
  };
}
