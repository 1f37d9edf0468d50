import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';

/** A labelled set in BEIR layout: documents, questions, and which document answers which question. */
export interface EvalSet {
  readonly name: string;
  readonly documents: readonly EvalDocument[];
  readonly queries: readonly { readonly id: string; readonly text: string }[];
  /** Query → document → relevance; above 0 is relevant. */
  readonly judgements: Judgements;
  /** Questions with their answers, where the set has some. */
  readonly questions: readonly LabelledQuestion[];
}

export type Judgements = ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface EvalDocument {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

export interface LabelledQuestion {
  readonly id: string;
  readonly question: string;
  /** Any of them is right. */
  readonly answers: readonly string[];
  /** The right reply is that the documents do not say. */
  readonly unanswerable: boolean;
  /** Where the answer stands, or nearly does. */
  readonly documentIds: readonly string[];
}

const documentLine = z.object({ _id: z.string(), title: z.string().default(''), text: z.string() });
const queryLine = z.object({ _id: z.string(), text: z.string() });
const questionLine = z.object({
  _id: z.string(),
  question: z.string(),
  // a list within the list holds other words for the same answer
  answers: z.array(z.union([z.string(), z.array(z.string())])).default([]),
  unanswerable: z.boolean().default(false),
  doc_ids: z.array(z.string()).default([]),
});

/**
 * Reads `corpus.jsonl`, `queries.jsonl`, `qrels/test.tsv` and, where there is one, `qa.jsonl`.
 * @throws Error that names the file and line at fault.
 */
export function loadEvalSet(dir: string): EvalSet {
  const qa = join(dir, 'qa.jsonl');
  return {
    name: basename(dir),
    documents: readLines(join(dir, 'corpus.jsonl'), documentLine).map(({ _id, title, text }) => ({
      id: _id,
      title,
      text,
    })),
    queries: readLines(join(dir, 'queries.jsonl'), queryLine).map(({ _id, text }) => ({ id: _id, text })),
    judgements: readJudgements(join(dir, 'qrels', 'test.tsv')),
    questions: !existsSync(qa)
      ? []
      : readLines(qa, questionLine).map(({ _id, question, answers, unanswerable, doc_ids }) => ({
          id: _id,
          question,
          answers: answers.flat(),
          unanswerable,
          documentIds: doc_ids,
        })),
  };
}

function readLines<T>(path: string, shape: z.ZodType<T>): T[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (line.trim() === '') return [];
      try {
        return [shape.parse(JSON.parse(line))];
      } catch (cause) {
        throw new Error(`${path}, line ${i + 1}: not what this file should hold`, { cause });
      }
    });
}

/** Tab-separated query, document, relevance below a line of column names. */
function readJudgements(path: string): Judgements {
  const judgements = new Map<string, Map<string, number>>();
  for (const [i, line] of readFileSync(path, 'utf8').split(/\r?\n/).slice(1).entries()) {
    if (line.trim() === '') continue;
    const [query, document, relevance] = line.split('\t').map((cell) => cell.trim());
    if (query === undefined || document === undefined || !Number.isFinite(Number(relevance)))
      throw new Error(`${path}, line ${i + 2}: query, document and relevance are needed`);
    const own = judgements.get(query) ?? new Map<string, number>();
    judgements.set(query, own.set(document, Number(relevance)));
  }
  return judgements;
}
