import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { otherSpace } from '../errors.ts';
import type { Embedder } from '../ports/embedder.ts';

/** Vectors of questions, and of the sentences that were compared with them, kept while there is room. */
export interface VectorCache {
  /** As `Embedder.embed` for a `query`; only what is not kept is embedded. */
  embed(
    texts: readonly string[],
    signal: AbortSignal,
    spent?: (tokens: number) => void,
  ): Promise<Float32Array[]>;
  kept(): { readonly entries: number; readonly bytes: number };
  /** From now on at most this share (0 to 1) of the bytes is used. */
  limitTo(share: number): void;
}

/** What a map, a key, a list and a small object take around a vector, about. */
const OVERHEAD_BYTES = 400;

/**
 * A sentence takes 5 ms of the model, and stands in the way of an answer again whenever its passage is found: for
 * another question, or for the same one after some other document has changed.
 *
 * @param most.entries 0 keeps nothing.
 */
export function createVectorCache(
  embedder: Embedder,
  most: { readonly entries: number; readonly bytes: number },
): VectorCache {
  // a text may be a slice, which would keep the whole that it was cut from
  const keyOf = (text: string): string => hash('sha256', `${embedder.fingerprint}\0${text}`, 'base64url');
  const vectors = new LRUCache<string, Float32Array>({
    max: Math.max(1, most.entries),
    maxSize: Math.max(1, most.bytes),
    sizeCalculation: ({ byteLength }) => byteLength + OVERHEAD_BYTES,
  });
  let mostBytes = most.entries === 0 ? 0 : most.bytes;
  const trim = () => {
    while (vectors.calculatedSize > mostBytes) vectors.pop();
  };
  return {
    async embed(texts, signal, spent) {
      const { fingerprint } = embedder;
      const keys = texts.map(keyOf);
      const found = keys.map((key) => vectors.get(key));
      const missing = texts.filter((_, i) => found[i] === undefined);
      const made = missing.length === 0 ? [] : await embedder.embed(missing, 'query', signal, spent);
      // a reindex changed over meanwhile: what is searched now is another model's
      if (embedder.fingerprint !== fingerprint) throw otherSpace();
      let next = 0;
      return keys.map((key, i) => {
        const known = found[i];
        if (known !== undefined) return known;
        const vector = made[next++] as Float32Array;
        if (mostBytes > 0) vectors.set(key, vector);
        trim();
        return vector;
      });
    },
    kept: () => ({ entries: vectors.size, bytes: vectors.calculatedSize }),
    limitTo(share) {
      mostBytes = most.entries === 0 ? 0 : Math.floor(most.bytes * share);
      trim();
    },
  };
}
