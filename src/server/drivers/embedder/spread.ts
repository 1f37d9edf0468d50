import type { Embedder } from '../../ports/embedder.ts';

/** Several embedders of one model as one: each takes its share of a list, all at the same time. */
export function spreadEmbedders(embedders: readonly [Embedder, ...Embedder[]]): Embedder {
  const { fingerprint, dimensions, maxTokens, maxTextsPerCall, textsPerRequest } = embedders[0];
  return {
    fingerprint,
    dimensions,
    maxTokens,
    maxTextsPerCall,
    textsPerRequest,
    async embed(texts, purpose, signal, spent) {
      const share = Math.max(1, Math.ceil(texts.length / embedders.length));
      const shares = await Promise.all(
        embedders
          .map((embedder, i) => ({ embedder, part: texts.slice(i * share, (i + 1) * share) }))
          .filter(({ part }, i) => part.length > 0 || i === 0)
          .map(({ embedder, part }) => embedder.embed(part, purpose, signal, spent)),
      );
      return shares.flat();
    },
    close: async () => void (await Promise.all(embedders.map((embedder) => embedder.close()))),
  };
}
