import type { SearchMode } from '../../contract/search.ts';
import { modelDir } from '../version.ts';
import { type EvalReport, runEval } from './run-eval.ts';

/**
 * `ka eval SET`: prints the figures, and how it gets on to the error output.
 * @returns the exit code.
 */
export async function evaluate(
  setDir: string,
  {
    mode,
    run,
    json,
    cache,
    perQuery,
    compare,
  }: {
    mode: SearchMode;
    run?: string;
    json?: string;
    cache?: string;
    perQuery?: string;
    compare?: string;
  },
): Promise<number> {
  const report = await runEval(setDir, {
    mode,
    modelDir,
    runFile: run,
    jsonFile: json,
    cacheDir: cache,
    perQueryFile: perQuery,
    compareFile: compare,
    log: (line) => console.error(line),
  });
  console.log(describeReport(report));
  return 0;
}

/** The report for people: a line a figure. */
function describeReport(report: EvalReport): string {
  const { set, mode, documents, chunks, ranking, searchMs, searchCpuMs, answers, answerCpuMs } = report;
  const lines = [
    `${set}: ${documents} documents in ${chunks} passages, ${ranking.queries} judged questions, mode ${mode}`,
    `nDCG@10     ${ranking.ndcg10.toFixed(4)}`,
    `Recall@10   ${ranking.recall10.toFixed(4)}`,
    `Recall@100  ${ranking.recall100.toFixed(4)}`,
    `MRR@10      ${ranking.mrr10.toFixed(4)}`,
    `search      p50 ${searchMs.p50.toFixed(1)} ms, p95 ${searchMs.p95.toFixed(1)} ms, ${searchCpuMs.toFixed(1)} ms of the processor`,
  ];
  if (answers !== undefined) {
    lines.push(
      `questions   ${answers.questions}, of which ${answers.answerable} have an answer in the documents`,
      `answered    ${percent(answers.answeredRecall)} of those that have one; ${percent(answers.answeredPrecision)} of the answers were to such a question`,
    );
    if (answers.answerable < answers.questions)
      lines.push(
        `refused     ${percent(answers.refusedRecall)} of those that have none; ${percent(answers.refusedPrecision)} of the refusals were right`,
      );
    lines.push(
      `right       ${percent(answers.right)} of the answers hold the expected words, ${percent(answers.rightFirst)} in the first statement; F1 of the nearest statement ${answers.f1.toFixed(3)}`,
      `cited       ${percent(answers.citationPrecision)} of the citations stand in a document that the labels name, ${percent(answers.citationRecall)} of these documents are cited; ${percent(answers.exactQuotes)} of the quotes are slices of their pages`,
    );
  }
  if (answerCpuMs !== undefined) lines.push(`answer      ${answerCpuMs.toFixed(1)} ms of the processor`);
  for (const { figure, before, after, better, worse, pairs, p } of report.compared ?? [])
    lines.push(
      `${figure.padEnd(11)} ${before.toFixed(4)} before, ${after.toFixed(4)} now: ${better} better, ${worse} worse of ${pairs}, p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`}`,
    );
  return lines.join('\n');
}

const percent = (ratio: number): string => (Number.isNaN(ratio) ? '–' : `${(100 * ratio).toFixed(1)} %`);
