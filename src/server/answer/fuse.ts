import type { ChunkKey, ChunkScore } from '../ports/search-scope.ts';

export interface FusedScore {
  readonly key: ChunkKey;
  /** In [0, 1]. */
  readonly score: number;
  /** Cosine, where it is known. */
  readonly vector?: number;
  /** BM25, where the words were found. */
  readonly keyword?: number;
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
  for (const key of new Set([...cosines.keys(), ...byWords.keys()])) {
    const cosine = cosines.get(key);
    const words = byWords.get(key);
    const byWord = words === undefined || bestWords === 0 ? 0 : words / bestWords;
    fused.push({
      key,
      score: cosine === undefined ? byWord : weight * nearness(cosine) + (1 - weight) * byWord,
      ...(cosine === undefined ? {} : { vector: cosine }),
      ...(words === undefined ? {} : { keyword: words }),
    });
  }
  return fused.sort((a, b) => b.score - a.score || a.key - b.key);
}
