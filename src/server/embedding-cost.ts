import { fingerprintOf, type ServedEmbedding } from './embedding-config.ts';
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

/** Who pays for vectors; what nobody asks money for is neither held back nor counted. */
export interface EmbeddingCharges {
  /** As usage names it. */
  model(): string;
  /**
   * Puts aside what these texts may cost.
   *
   * @throws AppError BUDGET_EXCEEDED when that is more than what is left of the user's budgets.
   */
  reserve(userId: string, texts: readonly string[], what: 'texts' | 'document'): Promise<EmbeddingCharge>;
  /** Counts a question's vector, a millionth of a dollar: the budget holds back its answer, not the search for it. */
  count(userId: string, tokens: number): void;
}

export interface EmbeddingCharge {
  /** Counts what was paid and gives back the rest; once. */
  settle(tokens: number): void;
}

/** Of the estimate: what providers count may be more. */
const ESTIMATE_MARGIN = 1.3;

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
