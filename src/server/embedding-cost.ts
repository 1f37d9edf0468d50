import { fingerprintOf, type ServedEmbedding } from './embedding-config.ts';
import type { EmbeddingCharges } from './ports/embedding-charges.ts';
import { costUsd } from './prices.ts';
import type { Budgets } from './records/budgets.ts';
import type { UsageMeter } from './records/usage-meter.ts';
import { estimateTokens } from './text/estimate-tokens.ts';

const isPaid = (embedding: ServedEmbedding) =>
  embedding.provider !== 'bundled' && embedding.provider !== 'away' ? embedding : undefined;

/** What the provider asks for so many tokens; 0 where nobody does, or no price is known. */
export function embeddingCostUsd(embedding: ServedEmbedding, tokens: number): number {
  const paid = isPaid(embedding);
  return paid === undefined
    ? 0
    : costUsd(paid.model, { promptTokens: tokens, completionTokens: 0 }, paid.prices).usd;
}

/** Of the estimate: what providers count may be more. */
const ESTIMATE_MARGIN = 1.3;

/** Charges users for the vectors of the model that serves. */
export function createEmbeddingCharges(
  budgets: Budgets,
  usage: Pick<UsageMeter, 'spend'>,
  serving: () => ServedEmbedding,
): EmbeddingCharges {
  const spentOn = (embedding: ServedEmbedding & { readonly model: string }, tokens: number) => ({
    model: embedding.model,
    kind: 'embedding' as const,
    promptTokens: tokens,
    completionTokens: 0,
    costUsd: embeddingCostUsd(embedding, tokens),
  });
  return {
    model: () => isPaid(serving())?.model ?? fingerprintOf(serving()),
    async reserve(userId, texts, what) {
      const paid = isPaid(serving());
      if (paid === undefined) return { settle() {} };
      const tokens = texts.reduce((sum, text) => sum + Math.min(estimateTokens(text), paid.maxTokens), 0);
      const atMostUsd = embeddingCostUsd(paid, Math.ceil(tokens * ESTIMATE_MARGIN));
      const reservation = await budgets.reserve(userId, atMostUsd, what);
      return { settle: (taken) => reservation.settle(spentOn(paid, taken)) };
    },
    count(userId, tokens) {
      const paid = isPaid(serving());
      if (paid !== undefined) usage.spend({ userId, ...spentOn(paid, tokens) });
    },
  };
}
