import type { ChunkKey, ChunkScore } from '../ports/search-scope.ts';

export interface FusedScore {
  readonly key: ChunkKey;
  /** In [0, 1]. */
  readonly score: number;
  /** Cosine, where it is known. */
  readonly vector: number | undefined;
  /** BM25, where the words were found. */
  readonly keyword: number | undefined;
}

/**
 * Convex combination of normalized scores (Bruch, Gai, Ingber 2023): cosine by its least and greatest value
 * among the candidates, BM25 by its greatest, since its least is 0 by nature.
 *
 * @param cosines of every candidate that has a vector. One without (not embedded yet) competes by its words alone.
 * @param weight share of the cosine, in [0, 1].
 * @returns every candidate once, best first; equal scores in order of their keys.
 */
export function fuseConvex(
  cosines: ReadonlyMap<ChunkKey, number>,
  keywords: readonly ChunkScore[],
  weight: number,
): FusedScore[] {
  const byWords = new Map(keywords.map(({ key, score }) => [key, score]));
  const bestWords = keywords.reduce((best, { score }) => Math.max(best, score), 0);
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const cosine of cosines.values()) {
    if (cosine < least) least = cosine;
    if (cosine > greatest) greatest = cosine;
  }
  const nearness = (cosine: number) => (greatest > least ? (cosine - least) / (greatest - least) : 1);
  const fused: FusedScore[] = [];
  // objects of one shape, made once: there are two hundred of them in every search
  const add = (key: ChunkKey, vector: number | undefined, keyword: number | undefined) => {
    const byWord = keyword === undefined || bestWords === 0 ? 0 : keyword / bestWords;
    const score = vector === undefined ? byWord : weight * nearness(vector) + (1 - weight) * byWord;
    fused.push({ key, score, vector, keyword });
  };
  for (const [key, cosine] of cosines) add(key, cosine, byWords.get(key));
  for (const { key, score } of keywords) if (!cosines.has(key)) add(key, undefined, score);
  return fused.sort((a, b) => b.score - a.score || a.key - b.key);
}
