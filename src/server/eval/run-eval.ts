import { writeFileSync } from 'node:fs';
import type { SearchMode } from '../../contract/search.ts';
import { type Answering, createAnswering } from '../answer/answering.ts';
import { readPage } from '../records/pages.ts';
import { type AnswerScores, holdsAnswer, type Reply, scoreReplies, tokenF1 } from './answer-metrics.ts';
import { type EvalSet, loadEvalSet } from './beir.ts';
import { defaultCacheDir, type EvaluationHouse, openEvaluationHouse } from './evaluation-house.ts';
import {
  compareFigures,
  type FigureDifference,
  figuresOf,
  formatFigures,
  readFigures,
} from './query-figures.ts';
import { formatRun, type RankedDocument, type RankingScores, type Run, scoreRun } from './ranking-metrics.ts';

export interface EvalRequest {
  readonly mode: SearchMode;
  /** The bundled model's folder. */
  readonly modelDir: string;
  /** TREC run, up to 100 documents a query. */
  readonly runFile?: string | undefined;
  readonly jsonFile?: string | undefined;
  /** A line of figures a question. */
  readonly perQueryFile?: string | undefined;
  /** Such a file of another run on the same set, to compare with. */
  readonly compareFile?: string | undefined;
  readonly cacheDir?: string | undefined;
  readonly log?: (line: string) => void;
}

export interface EvalReport {
  readonly set: string;
  readonly mode: SearchMode;
  readonly documents: number;
  readonly chunks: number;
  readonly ranking: RankingScores;
  /** One search at a time, its question embedded. */
  readonly searchMs: { readonly p50: number; readonly p95: number };
  /** Processor time of a search, and of an answer, all threads together. */
  readonly searchCpuMs: number;
  readonly answerCpuMs?: number;
  /** Where the set has questions with answers; always by hybrid search. */
  readonly answers?: AnswerScores;
  readonly compared?: readonly FigureDifference[];
}

const RUN_DEPTH = 100;
/** Of every document of a corpus that was indexed once. */
const FIRST_REVISION = 1;

/** Measures retrieval, and answers where the set has some, on a labelled set: `ka eval SET`. */
export async function runEval(setDir: string, request: EvalRequest): Promise<EvalReport> {
  const { mode, modelDir, runFile, jsonFile, cacheDir = defaultCacheDir(), log = () => {} } = request;
  const { perQueryFile, compareFile } = request;
  const set = loadEvalSet(setDir);
  // before anything takes its time: it may be no such file
  const others = compareFile === undefined ? undefined : readFigures(compareFile);
  const house = await openEvaluationHouse(set.documents, { modelDir, cacheDir, log });
  try {
    const { run, tookMs, cpuMs } = await searchAll(house, set, mode);
    log(`searched for ${set.queries.length} questions`);
    const asked = set.questions.length === 0 ? undefined : await askAll(house, set);
    const figures = figuresOf(set.judgements, run, asked?.replies ?? []);
    const report: EvalReport = {
      set: set.name,
      mode,
      documents: set.documents.length,
      chunks: house.corpus.chunks,
      ranking: scoreRun(set.judgements, run),
      searchMs: { p50: share(tookMs, 0.5), p95: share(tookMs, 0.95) },
      searchCpuMs: cpuMs,
      ...(asked === undefined ? {} : { answers: scoreReplies(asked.replies), answerCpuMs: asked.cpuMs }),
      ...(others === undefined ? {} : { compared: compareFigures(others, figures) }),
    };
    if (runFile !== undefined) writeFileSync(runFile, formatRun(run, `ka-${mode}`));
    if (perQueryFile !== undefined) writeFileSync(perQueryFile, formatFigures(figures));
    if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(report, undefined, 1)}\n`);
    return report;
  } finally {
    await house.close();
  }
}

async function searchAll(
  house: EvaluationHouse,
  { queries }: EvalSet,
  mode: SearchMode,
): Promise<{ run: Run; tookMs: number[]; cpuMs: number }> {
  // the model itself: a kept vector would flatter the times
  const answering = answeringOf(house, house.model);
  const run = new Map<string, RankedDocument[]>();
  const tookMs: number[] = [];
  const { signal } = new AbortController();
  const cpu = cpuTime();
  for (const { id, text } of queries) {
    const { hits, tookMs: took } = await answering.search(
      house.corpus.userId,
      { query: text, limit: RUN_DEPTH, mode },
      signal,
    );
    tookMs.push(took);
    // a document is as good as its best passage
    const best = new Map<string, number>();
    for (const { documentId, score } of hits) {
      const name = house.corpus.nameOf.get(documentId) as string;
      best.set(name, Math.max(best.get(name) ?? Number.NEGATIVE_INFINITY, score));
    }
    run.set(
      id,
      [...best].map(([name, score]) => ({ id: name, score })),
    );
  }
  return { run, tookMs, cpuMs: cpu() / queries.length };
}

async function askAll(
  house: EvaluationHouse,
  { questions }: EvalSet,
): Promise<{ replies: Reply[]; cpuMs: number }> {
  const answering = answeringOf(house, house.embedder);
  const { signal } = new AbortController();
  const replies: Reply[] = [];
  const cpu = cpuTime();
  for (const { id, question, answers, unanswerable, documentIds } of questions) {
    for await (const event of answering.ask(house.corpus.userId, { query: question, limit: 10 }, signal)) {
      if (event.type !== 'done') continue;
      const { answered, citations } = event.answer;
      const cited = new Set(citations.map(({ documentId }) => house.corpus.nameOf.get(documentId)));
      replies.push({
        id,
        answerable: !unanswerable,
        answered,
        rightFirst: holdsAnswer(citations[0]?.quote ?? '', answers),
        right: citations.some(({ quote }) => holdsAnswer(quote, answers)),
        f1: Math.max(0, ...citations.map(({ quote }) => tokenF1(quote, answers))),
        labelled: documentIds.length,
        labelledCited: documentIds.filter((name) => cited.has(name)).length,
        citations: await Promise.all(
          citations.map(async ({ documentId, page, start, end, quote }) => ({
            relevant: documentIds.includes(house.corpus.nameOf.get(documentId) as string),
            exact: (await readPage(house.db, documentId, FIRST_REVISION, page))?.slice(start, end) === quote,
          })),
        ),
      });
    }
  }
  return { replies, cpuMs: cpu() / questions.length };
}

/** @returns milliseconds of the processor since the call, of all threads of this process. */
function cpuTime(): () => number {
  const begun = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1000;
  };
}

function answeringOf(house: EvaluationHouse, embedder: EvaluationHouse['model']): Answering {
  const { db, vectors, texts, cache } = house;
  return createAnswering({
    db,
    vectors,
    texts,
    embedder,
    cache,
    settings: { queryTtlMs: 0, answerTtlMs: 0, embeddingEntries: 0, embeddingBytes: 0 },
  });
}

const share = (sample: readonly number[], p: number): number =>
  sample.toSorted((a, b) => a - b)[Math.min(sample.length - 1, Math.ceil(p * sample.length) - 1)] ??
  Number.NaN;
