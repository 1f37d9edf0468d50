import type { Judgements } from './beir.ts';

export interface RankedDocument {
  readonly id: string;
  readonly score: number;
}

/** Query → documents, each once. */
export type Run = ReadonlyMap<string, readonly RankedDocument[]>;

export interface QueryScores {
  readonly ndcg10: number;
  readonly recall10: number;
  readonly recall100: number;
  readonly mrr10: number;
}

/** Means over the judged queries. */
export interface RankingScores extends QueryScores {
  readonly queries: number;
}

/**
 * As trec_eval counts (`ndcg_cut_10`, `recall_10`, `recall_100`, `recip_rank` within ten): linear gain, equal
 * scores in descending order of their documents' names. Judged queries are those with a relevant document; one that the
 * run lacks counts 0.
 */
export function scoreQueries(judgements: Judgements, run: Run): Map<string, QueryScores> {
  const scores = new Map<string, QueryScores>();
  for (const [query, relevances] of judgements) {
    const ideal = [...relevances.values()].filter((relevance) => relevance > 0).sort((a, b) => b - a);
    if (ideal.length > 0) scores.set(query, scoreQuery(inOrder(run.get(query) ?? []), relevances, ideal));
  }
  return scores;
}

export function scoreRun(judgements: Judgements, run: Run): RankingScores {
  const scores = [...scoreQueries(judgements, run).values()];
  const mean = (of: (score: QueryScores) => number) =>
    scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + of(score), 0) / scores.length;
  return {
    queries: scores.length,
    ndcg10: mean(({ ndcg10 }) => ndcg10),
    recall10: mean(({ recall10 }) => recall10),
    recall100: mean(({ recall100 }) => recall100),
    mrr10: mean(({ mrr10 }) => mrr10),
  };
}

function scoreQuery(
  ranked: readonly RankedDocument[],
  relevances: ReadonlyMap<string, number>,
  ideal: readonly number[],
): QueryScores {
  const gains = ranked.slice(0, 100).map(({ id }) => Math.max(0, relevances.get(id) ?? 0));
  const found = (k: number) => gains.slice(0, k).filter((gain) => gain > 0).length / ideal.length;
  const first = gains.slice(0, 10).findIndex((gain) => gain > 0);
  return {
    ndcg10: discounted(gains) / discounted(ideal),
    recall10: found(10),
    recall100: found(100),
    mrr10: first === -1 ? 0 : 1 / (first + 1),
  };
}

const discounted = (gains: readonly number[]): number =>
  gains.slice(0, 10).reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);

const inOrder = (documents: readonly RankedDocument[]): RankedDocument[] =>
  documents.toSorted((a, b) => b.score - a.score || (a.id < b.id ? 1 : -1));

/** The run as trec_eval reads it: query, `Q0`, document, rank, score, tag. */
export function formatRun(run: Run, tag: string): string {
  const lines: string[] = [];
  for (const [query, documents] of run)
    for (const [i, { id, score }] of inOrder(documents).entries())
      lines.push(`${query} Q0 ${id} ${i + 1} ${score} ${tag}`);
  return lines.map((line) => `${line}\n`).join('');
}
