import type { QueryClient } from '@tanstack/react-query';
import type { Document } from '../../contract/documents.ts';
import { type Change, changeInList, type DocumentList } from './document-list.ts';
import { documentKeys } from './documents.ts';

/**
 * Changes documents wherever the cache has them, before the server has said yes.
 *
 * @returns puts back what was there, of all or of some
 */
export function changeCached(
  queries: QueryClient,
  documentIds: readonly string[],
  change: (document: Document) => Document,
): (some?: readonly string[]) => void {
  const all = new Set(documentIds);
  const before = new Map<string, Document>();
  // an answer that is on its way knows nothing of the change
  void queries.cancelQueries({ queryKey: documentKeys.all, fetchStatus: 'fetching', predicate: isLoaded });
  const everywhere = (ids: ReadonlySet<string>, apply: Change) => {
    queries.setQueriesData<DocumentList>(
      { queryKey: documentKeys.lists },
      (list) => list && changeInList(list, ids, apply),
    );
    for (const id of ids)
      queries.setQueryData<Document>(documentKeys.one(id), (document) => document && apply(document));
  };
  everywhere(all, (document) => {
    before.set(document.id, before.get(document.id) ?? document);
    return change(document);
  });
  return (some = documentIds) => everywhere(new Set(some), (document) => before.get(document.id) ?? document);
}

const isLoaded = ({ state }: { state: { data: unknown } }) => state.data !== undefined;

/** They are gone: out of every listing, and nothing of them is kept. */
export function dropCached(queries: QueryClient, documentIds: readonly string[]): void {
  const ids = new Set(documentIds);
  queries.setQueriesData<DocumentList>(
    { queryKey: documentKeys.lists },
    (list) => list && changeInList(list, ids, () => undefined),
  );
  for (const id of ids) queries.removeQueries({ queryKey: documentKeys.one(id) });
}

/** What a listing knows of the document already, to show before the server answers. */
export function documentInLists(queries: QueryClient, id: string): Document | undefined {
  for (const [, list] of queries.getQueriesData<DocumentList>({ queryKey: documentKeys.lists }))
    for (const page of list?.pages ?? []) {
      const found = page.items.find((document) => document.id === id);
      if (found !== undefined) return found;
    }
  return undefined;
}

/** What counts documents is read again. */
export function refreshDocuments(queries: QueryClient): void {
  for (const queryKey of [documentKeys.all, ['collections'], ['dashboard'], ['me']])
    void queries.invalidateQueries({ queryKey });
}
