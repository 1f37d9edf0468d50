import type { ServedEmbedding } from './embedding-config.ts';
import { costUsd } from './prices.ts';
import type { UsageMeter } from './records/usage-meter.ts';

const isPaid = (embedding: ServedEmbedding) =>
  embedding.provider !== 'bundled' && embedding.provider !== 'away' ? embedding : undefined;

/** What the provider asks for so many tokens; 0 where nobody does, or no price is known. */
export function embeddingCostUsd(embedding: ServedEmbedding, tokens: number): number {
  const paid = isPaid(embedding);
  return paid === undefined
    ? 0
    : costUsd(paid.model, { promptTokens: tokens, completionTokens: 0 }, paid.prices).usd;
}

/** Counts what a provider took for somebody's vectors; what nobody asks money for is not counted. */
export function meterEmbedding(
  usage: Pick<UsageMeter, 'spend'>,
  embedding: ServedEmbedding,
  userId: string,
  tokens: number,
): void {
  const model = isPaid(embedding)?.model;
  if (model === undefined) return;
  const costUsd = embeddingCostUsd(embedding, tokens);
  usage.spend({ userId, model, kind: 'embedding', promptTokens: tokens, completionTokens: 0, costUsd });
}
