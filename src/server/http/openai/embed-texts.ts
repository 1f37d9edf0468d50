import { type Embeddings, MAX_EMBEDDED_TEXTS } from '../../../contract/openai.ts';
import { AppError } from '../../errors.ts';
import type { Embedder } from '../../ports/embedder.ts';
import type { EmbeddingCharge, EmbeddingCharges } from '../../ports/embedding-charges.ts';
import type { UsageMeter } from '../../records/usage-meter.ts';
import { estimateTokens } from '../../text/estimate-tokens.ts';

/** One full request, 10 to 20 s of a core with the bundled model. */
const MAX_TEXTS_PER_USER = MAX_EMBEDDED_TEXTS;
/** Of all users together. */
const MAX_TEXTS = 4 * MAX_EMBEDDED_TEXTS;

export interface EmbeddingWork {
  readonly userId: string;
  readonly texts: readonly string[];
  readonly encoding: 'float' | 'base64';
  /** As the client named it. */
  readonly model: string;
}

/**
 * Embeds texts for clients, as passages: a question or a document of the installation never waits behind more
 * than one call of theirs. How much is under way at once is bounded, for each user and for all, and what was done
 * is counted.
 *
 * @returns rejects with RATE_LIMITED or OVERLOADED where the bounds are reached, and with BUDGET_EXCEEDED.
 */
export function createTextEmbedding(
  embedder: Embedder,
  usage: UsageMeter,
  charges: EmbeddingCharges,
): (work: EmbeddingWork, signal: AbortSignal) => Promise<Embeddings> {
  const underWay = new Map<string, number>();
  let all = 0;
  const begin = (userId: string, count: number) => {
    const own = underWay.get(userId) ?? 0;
    if (own + count > MAX_TEXTS_PER_USER)
      throw new AppError('RATE_LIMITED', 'Wait for your other embedding requests.', { retryAfterSeconds: 2 });
    if (all + count > MAX_TEXTS)
      throw new AppError('OVERLOADED', 'Too many texts are being embedded: try again in a moment.', {
        retryAfterSeconds: 5,
      });
    underWay.set(userId, own + count);
    all += count;
  };
  const end = (userId: string, count: number) => {
    const left = (underWay.get(userId) ?? 0) - count;
    if (left > 0) underWay.set(userId, left);
    else underWay.delete(userId);
    all -= count;
  };
  return async ({ userId, texts, encoding, model }, signal) => {
    begin(userId, texts.length);
    let charge: EmbeddingCharge | undefined;
    let paid = 0;
    try {
      charge = await charges.reserve(userId, texts, 'texts');
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += embedder.maxTextsPerCall)
        vectors.push(
          ...(await embedder.embed(
            texts.slice(from, from + embedder.maxTextsPerCall),
            'passage',
            signal,
            (tokens) => {
              paid += tokens;
            },
          )),
        );
      const tokens =
        paid || texts.reduce((sum, text) => sum + Math.min(estimateTokens(text), embedder.maxTokens), 0);
      const counted = { userId, kind: 'embedding', model: charges.model() } as const;
      usage.request(counted);
      if (paid === 0) usage.spend({ ...counted, promptTokens: tokens, completionTokens: 0, costUsd: 0 });
      return {
        object: 'list',
        data: vectors.map((vector, index) => ({
          object: 'embedding',
          index,
          embedding: encoding === 'base64' ? asBase64(vector) : [...vector],
        })),
        model,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      };
    } finally {
      charge?.settle(paid);
      end(userId, texts.length);
    }
  };
}

/** float32, little endian. */
function asBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => void bytes.writeFloatLE(value, index * 4));
  return bytes.toString('base64');
}
