import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';

export interface ModelUsage {
  readonly model: string;
  readonly kind: string;
  readonly requests: number;
  readonly cachedRequests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costUsd: number;
  /** What answers of the cache would have cost. */
  readonly savedUsd: number;
}

/** Use of models by all users, the dearest first. @param from YYYY-MM-DD, included; all days when left out. */
export async function usageByModel(db: Kysely<Database>, from = '0000-01-01'): Promise<ModelUsage[]> {
  return db
    .selectFrom('usage')
    .where('day', '>=', from)
    .groupBy(['model', 'kind'])
    .select((e) => [
      'model',
      'kind',
      e.fn.sum<number>('requests').as('requests'),
      e.fn.sum<number>('cached_requests').as('cachedRequests'),
      e.fn.sum<number>('prompt_tokens').as('promptTokens'),
      e.fn.sum<number>('completion_tokens').as('completionTokens'),
      e.fn.sum<number>('cost_usd').as('costUsd'),
      e.fn.sum<number>('saved_usd').as('savedUsd'),
    ])
    .orderBy('costUsd', 'desc')
    .orderBy('requests', 'desc')
    .execute();
}
