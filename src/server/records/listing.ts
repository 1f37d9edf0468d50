import { type ReferenceExpression, type SelectQueryBuilder, sql } from 'kysely';
import type { ListPage } from '../../contract/common.ts';
import { AppError } from '../errors.ts';

/** A place in a list: the order's values of its last row. Clients only hand it back. */
export const encodeCursor = (values: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url');

/** @throws AppError INVALID_CURSOR unless it holds `count` strings or numbers. */
export function decodeCursor(cursor: string, count: number): (string | number)[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (
      Array.isArray(values) &&
      values.length === count &&
      values.every((v) => typeof v === 'string' || typeof v === 'number')
    )
      return values;
  } catch {
    // not ours
  }
  throw new AppError('INVALID_CURSOR', 'The cursor does not belong to this list. Begin again without it.');
}

/**
 * One page of `query`, and how many rows it has in all. The next pages are found by the last row's place, so
 * that rows which come or go shift nothing.
 *
 * @param order two columns, the second one unique; an index on both makes every page cost the same.
 */
export async function listPage<DB, TB extends keyof DB, O extends object, T>(
  query: SelectQueryBuilder<DB, TB, O>,
  page: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly order: readonly [keyof O & string, keyof O & string];
    /** The table's name or alias, when columns of the order are in several. */
    readonly table?: string;
    readonly descending: boolean;
    readonly show: (row: O) => T;
  },
): Promise<ListPage<T>> {
  const { limit, cursor, order, descending } = page;
  const { count } = (await query
    .clearSelect()
    .select((e) => e.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()) as { count: number };
  const columns = order.map((name) => sql.ref(page.table === undefined ? name : `${page.table}.${name}`));
  const [first, second] = columns as [(typeof columns)[0], (typeof columns)[0]];
  const direction = descending ? 'desc' : 'asc';
  let rest = query;
  if (cursor !== undefined) {
    const [a, b] = decodeCursor(cursor, 2);
    rest = rest.where(sql<boolean>`(${first}, ${second}) ${sql.raw(descending ? '<' : '>')} (${a}, ${b})`);
  }
  const rows = (await rest
    .orderBy(first as ReferenceExpression<DB, TB>, direction)
    .orderBy(second as ReferenceExpression<DB, TB>, direction)
    .limit(limit + 1)
    .execute()) as O[];
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map(page.show),
    nextCursor: last === undefined ? null : encodeCursor(order.map((name) => last[name] as string)),
    total: count,
  };
}
