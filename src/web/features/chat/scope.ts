import type { Filters } from '../../../contract/search.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}
/** What a question is asked of. Collections and documents exclude each other: both at once would mean what is in both. */
export type Scope =
  | { readonly kind: 'everything' }
  | { readonly kind: 'collections' | 'documents'; readonly items: readonly Named[] };

export const EVERYTHING: Scope = { kind: 'everything' };

export function filtersOf(scope: Scope): Filters | undefined {
  switch (scope.kind) {
    case 'everything':
      return undefined;
    case 'collections':
      return { collectionIds: scope.items.map(({ id }) => id) };
    case 'documents':
      return { documentIds: scope.items.map(({ id }) => id) };
    default:
      return scope satisfies never;
  }
}

/** Puts something into the scope or takes it out; the other kind gives way, and nothing chosen is everything. */
export function toggled(scope: Scope, kind: 'collections' | 'documents', item: Named): Scope {
  const before = scope.kind === kind ? scope.items : [];
  const items = before.some(({ id }) => id === item.id)
    ? before.filter(({ id }) => id !== item.id)
    : [...before, item];
  return items.length === 0 ? EVERYTHING : { kind, items };
}

export const has = (scope: Scope, id: string): boolean =>
  scope.kind !== 'everything' && scope.items.some((item) => item.id === id);
