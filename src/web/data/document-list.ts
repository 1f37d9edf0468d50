import type { InfiniteData } from '@tanstack/react-query';
import type { ListPage } from '../../contract/common.ts';
import type { Document } from '../../contract/documents.ts';

export type DocumentList = InfiniteData<ListPage<Document>, string | undefined>;

/** @returns what takes the document's place; undefined takes it out. */
export type Change = (document: Document) => Document | undefined;

/** The same object where nothing changes, so that only rows that do are drawn again. */
export function changeInList(list: DocumentList, ids: ReadonlySet<string>, change: Change): DocumentList {
  let taken = 0;
  const pages = list.pages.map((page) => {
    if (!page.items.some(({ id }) => ids.has(id))) return page;
    const items = page.items.flatMap((document) => {
      if (!ids.has(document.id)) return [document];
      const next = change(document);
      return next === undefined ? [] : [next];
    });
    taken += page.items.length - items.length;
    return { ...page, items };
  });
  if (pages.every((page, i) => page === list.pages[i])) return list;
  if (taken === 0) return { ...list, pages };
  return { ...list, pages: pages.map((page) => ({ ...page, total: Math.max(0, page.total - taken) })) };
}

/**
 * The first page of a long listing as it is now, joined to the rest as it was read before.
 *
 * @returns undefined when something changed further down: the whole listing has to be read again.
 */
export function joinBeginning<T extends { id: string }>(
  before: ListPage<T>,
  now: ListPage<T>,
): ListPage<T> | undefined {
  const last = now.items.at(-1);
  const at = before.items.findIndex(({ id }) => id === last?.id);
  if (at < 0) return undefined;
  const items = [...now.items, ...before.items.slice(at + 1)];
  if (now.total - before.total !== items.length - before.items.length) return undefined;
  return { items, nextCursor: before.nextCursor, total: now.total };
}
