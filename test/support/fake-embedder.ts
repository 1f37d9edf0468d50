import type { Embedder } from '../../src/server/ports/embedder.ts';

export interface FakeEmbedder extends Embedder {
  /** Every text embedded so far, in order. */
  readonly embedded: { readonly text: string; readonly purpose: 'query' | 'passage' }[];
  /** Set: the next calls fail with it. */
  failure: Error | undefined;
}

/**
 * A quick embedder for tests of other parts: texts that share words have near vectors, and nothing else is
 * known of meaning. Each word adds to one of 384 dimensions by its hash.
 */
export function createFakeEmbedder({
  fingerprint = 'fake/words/1/384/sum/l2',
  dimensions = 384,
} = {}): FakeEmbedder {
  const fake: FakeEmbedder = {
    fingerprint,
    dimensions,
    maxTokens: 256,
    maxTextsPerCall: 64,
    embedded: [],
    failure: undefined,
    async embed(texts, purpose, signal) {
      const vectors: Float32Array[] = [];
      // a question takes one turn of the event loop and a passage list one a text, as with a real model:
      // answers come later, in between a caller may leave, and questions overtake
      for (const text of texts) {
        if (vectors.length === 0 || purpose === 'passage')
          await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
        if (fake.failure !== undefined) throw fake.failure;
        fake.embedded.push({ text, purpose });
        vectors.push(hashWords(text, dimensions));
      }
      return vectors;
    },
    async close() {},
  };
  return fake;
}

export function hashWords(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  // a text without words still has a direction
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    // FNV-1a
    let hash = 0x811c9dc5;
    for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
    vector[(hash >>> 0) % dimensions]! += 1;
  }
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
