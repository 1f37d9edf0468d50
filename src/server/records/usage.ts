import { type Kysely, sql } from 'kysely';
import type { z } from 'zod';
import type { ListPage } from '../../contract/common.ts';
import type { usageRow } from '../../contract/system.ts';
import type { Database, UsageRow } from '../ports/schema.ts';
import { decodeCursor, encodeCursor } from './listing.ts';

type Usage = z.infer<typeof usageRow>;

/**
 * Tokens and money by day, user, model and kind, the latest day first.
 *
 * @param page.from, page.to days, YYYY-MM-DD, both included.
 */
export async function listUsage(
  db: Kysely<Database>,
  page: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly from?: string | undefined;
    readonly to?: string | undefined;
    readonly userId?: string | undefined;
  },
  hasPrice: (model: string) => boolean,
): Promise<ListPage<Usage>> {
  let rows = db
    .selectFrom('usage')
    .where('day', '>=', page.from ?? '0000-01-01')
    .where('day', '<=', page.to ?? '9999-12-31');
  if (page.userId !== undefined) rows = rows.where('user_id', '=', page.userId);
  const { count } = await rows.select((e) => e.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  if (page.cursor !== undefined) {
    const [day, user, model, kind] = decodeCursor(page.cursor, 4);
    rows = rows.where(sql<boolean>`(day, user_id, model, kind) < (${day}, ${user}, ${model}, ${kind})`);
  }
  const found = await rows
    .selectAll()
    .orderBy('day', 'desc')
    .orderBy('user_id', 'desc')
    .orderBy('model', 'desc')
    .orderBy('kind', 'desc')
    .limit(page.limit + 1)
    .execute();
  const last = found.length > page.limit ? found[page.limit - 1] : undefined;
  return {
    items: found.slice(0, page.limit).map((row) => toUsage(row, hasPrice)),
    nextCursor: last === undefined ? null : encodeCursor([last.day, last.user_id, last.model, last.kind]),
    total: count,
  };
}

const toUsage = (row: UsageRow, hasPrice: (model: string) => boolean): Usage => ({
  userId: row.user_id,
  day: row.day,
  model: row.model,
  kind: row.kind,
  requests: row.requests,
  cachedRequests: row.cached_requests,
  promptTokens: row.prompt_tokens,
  completionTokens: row.completion_tokens,
  costUsd: row.cost_usd,
  savedUsd: row.saved_usd,
  priceKnown:
    row.cost_usd > 0 ||
    row.prompt_tokens + row.completion_tokens === 0 ||
    row.model.startsWith('bundled/') ||
    hasPrice(row.model),
});
