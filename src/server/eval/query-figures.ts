import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Reply } from './answer-metrics.ts';
import type { Judgements } from './beir.ts';
import { comparePairs, type PairedDifference } from './paired-randomization.ts';
import { type Run, scoreQueries } from './ranking-metrics.ts';

/** What one question came to. Those of the ranking stand where it is judged, those of the answer where it was asked. */
const queryFigures = z.object({
  id: z.string(),
  ndcg10: z.number().optional(),
  recall10: z.number().optional(),
  recall100: z.number().optional(),
  mrr10: z.number().optional(),
  /** 1: answered, where there is an answer; not, where there is none. */
  gate: z.number().optional(),
  /** 1: an answer that holds the expected words, in its first statement, in any; of questions that have one. */
  rightFirst: z.number().optional(),
  right: z.number().optional(),
  f1: z.number().optional(),
});
export type QueryFigures = z.infer<typeof queryFigures>;

const FIGURES = Object.keys(queryFigures.shape).filter((name) => name !== 'id') as Exclude<
  keyof QueryFigures,
  'id'
>[];

export interface FigureDifference extends PairedDifference {
  readonly figure: string;
}

export function figuresOf(judgements: Judgements, run: Run, replies: readonly Reply[]): QueryFigures[] {
  const figures = new Map<string, QueryFigures>();
  for (const [id, scores] of scoreQueries(judgements, run)) figures.set(id, { id, ...scores });
  for (const { id, answerable, answered, right, rightFirst, f1 } of replies)
    figures.set(id, {
      ...(figures.get(id) ?? { id }),
      gate: Number(answerable === answered),
      ...(answerable
        ? { rightFirst: Number(answered && rightFirst), right: Number(answered && right), f1 }
        : {}),
    });
  return [...figures.values()];
}

/** JSON, a line a question. */
export const formatFigures = (figures: readonly QueryFigures[]): string =>
  figures.map((line) => `${JSON.stringify(line)}\n`).join('');

/** @throws Error that names the line which is none of `formatFigures`. */
export function readFigures(path: string): QueryFigures[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      return [queryFigures.parse(JSON.parse(line))];
    } catch (cause) {
      throw new Error(`${path}, line ${i + 1} is no line that \`ka eval --per-query\` writes.`, { cause });
    }
  });
}

/** Each figure on the questions that both runs have it of. */
export function compareFigures(
  before: readonly QueryFigures[],
  after: readonly QueryFigures[],
): FigureDifference[] {
  const earlier = new Map(before.map((figures) => [figures.id, figures]));
  return FIGURES.flatMap((figure) => {
    const pairs = after.flatMap((figures) => {
      const [one, two] = [earlier.get(figures.id)?.[figure], figures[figure]];
      return one === undefined || two === undefined ? [] : [[one, two] as const];
    });
    return pairs.length === 0 ? [] : [{ figure, ...comparePairs(pairs) }];
  });
}
