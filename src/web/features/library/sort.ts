/** How the list can be sorted, as the address says it. */
export const SORTS = ['-createdAt', 'createdAt', 'title', '-title', '-sizeBytes', 'sizeBytes'] as const;
export type Sort = (typeof SORTS)[number];
export type SortColumn = 'title' | 'sizeBytes' | 'createdAt';

export const DEFAULT_SORT: Sort = '-createdAt';
/** Names from the beginning, numbers from the largest. */
const FIRST: Record<SortColumn, Sort> = {
  title: 'title',
  sizeBytes: '-sizeBytes',
  createdAt: '-createdAt',
};

/** What the address says, or the default for what it cannot mean. */
export const sortOf = (asked: string | undefined): Sort =>
  SORTS.find((sort) => sort === asked) ?? DEFAULT_SORT;

/** Absent in the address when it is the default. */
export const inAddress = (sort: Sort): Sort | undefined => (sort === DEFAULT_SORT ? undefined : sort);

export const directionOf = (sort: Sort, column: SortColumn): 'ascending' | 'descending' | 'none' =>
  sort === column ? 'ascending' : sort === `-${column}` ? 'descending' : 'none';

/** What a press on the header leads to: the column's natural order first, then the other way around. */
export function nextSort(sort: Sort, column: SortColumn): Sort {
  if (directionOf(sort, column) === 'none') return FIRST[column];
  return sort.startsWith('-') ? column : `-${column}`;
}
