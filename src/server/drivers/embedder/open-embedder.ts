import type { ServedEmbedding } from '../../embedding-config.ts';
import { UpstreamError } from '../../errors.ts';
import type { Embedder } from '../../ports/embedder.ts';
import type { ModelFault } from '../language-model/model-fault.ts';

export interface ReadyEmbedder extends Embedder {
  /** Has the model ready ahead of the first question. @throws UpstreamError when it cannot be used. */
  warmUp(): Promise<void>;
  /** Whether it answers; a provider that did within the last minute is not asked again. @throws UpstreamError when not. */
  check(signal: AbortSignal): Promise<void>;
}

/**
 * Opens what the settings name; the code of the others is not loaded.
 *
 * @param onFault hears of every request to a provider that failed.
 */
export async function openEmbedder(
  embedding: ServedEmbedding,
  modelDir: string,
  onFault?: (fault: ModelFault) => void,
): Promise<ReadyEmbedder> {
  if (embedding.provider === 'bundled') {
    const { createBundledEmbedder } = await import('./bundled.ts');
    const bundled = createBundledEmbedder({ modelDir });
    return { ...bundled, check: async (signal) => void (await bundled.embed(['health'], 'query', signal)) };
  }
  if (embedding.provider === 'away') return createAwayEmbedder(embedding);
  const { createRemoteEmbedder } = await import('./remote.ts');
  return createRemoteEmbedder(embedding, { onFault });
}

/** Vectors of a model that nobody can ask: search goes by words, and new passages wait for theirs. */
function createAwayEmbedder({
  fingerprint,
  dimensions,
}: Pick<Embedder, 'fingerprint' | 'dimensions'>): ReadyEmbedder {
  const fail = async (): Promise<never> => {
    throw new UpstreamError(
      'embedding model',
      `The vectors of this installation were made by ${fingerprint}, which the settings no longer name: run npx ka reindex, or set EMBEDDING_PROVIDER back.`,
      { retryable: true },
    );
  };
  return {
    fingerprint,
    dimensions,
    maxTokens: 256,
    maxTextsPerCall: 64,
    embed: async (texts) => (texts.length === 0 ? [] : fail()),
    warmUp: fail,
    check: fail,
    async close() {},
  };
}
