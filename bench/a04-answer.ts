import type { Answer } from '../src/contract/query.ts';
import { makeDocx, makePdf, prose } from './lib/documents.ts';
import { type Bench, percentile, type Row, round } from './lib/row.ts';
import { registerClient, startServer } from './lib/server.ts';

/** Question to answer over HTTP, one at a time: each asked for the first time, then again. */
export const bench: Bench = {
  id: 'A4',
  async run({ quick, log }) {
    const documents = quick ? 8 : 40;
    const questions = quick ? 60 : 300;
    const server = await startServer();
    try {
      const client = await registerClient(server.url);
      const { taskId } = await client.upload(
        Array.from({ length: documents }, (_, i) =>
          i % 2 === 0
            ? { name: `report-${i}.pdf`, bytes: makePdf(10, 400 + i) }
            : { name: `report-${i}.docx`, bytes: makeDocx(30_000, 400 + i) },
        ),
      );
      await client.finished(taskId);
      log(`${documents} documents are in`);
      const ask = async (query: string) => {
        const begun = performance.now();
        const answer = await client.post<Answer>('/api/v1/query', { query });
        return { tookMs: performance.now() - begun, answer };
      };
      // another seed than the documents': the model is warm, and no question is known
      for (const query of makeQuestions(10, 9)) await ask(query);
      const fresh: Asked[] = [];
      const again: Asked[] = [];
      for (const query of makeQuestions(questions, 4)) {
        fresh.push(await ask(query));
        again.push(await ask(query));
      }
      if (fresh.some(({ answer }) => answer.cached) || again.some(({ answer }) => !answer.cached))
        throw new Error('what was asked first must be new, and what was asked again must be cached');
      return [
        row('answer without a language model, asked for the first time', fresh, 300, documents),
        row('the same, asked again', again, 10, documents),
      ];
    } finally {
      await server.stop();
    }
  },
};

interface Asked {
  readonly tookMs: number;
  readonly answer: Answer;
}

function row(name: string, asked: readonly Asked[], limitMs: number, documents: number): Row {
  const took = asked.map(({ tookMs }) => tookMs);
  const p95 = percentile(took, 0.95);
  const stage = (of: (answer: Answer) => number) =>
    round(
      percentile(
        asked.map(({ answer }) => of(answer)),
        0.5,
      ),
    );
  const answered = asked.filter(({ answer }) => answer.answered).length;
  return {
    id: 'A4',
    name,
    target: `p95 < ${limitMs} ms`,
    figure: round(p95),
    unit: 'ms',
    ok: p95 < limitMs,
    detail: `p50 ${round(percentile(took, 0.5))} ms over ${took.length} questions to ${documents} ten-page documents, ${answered} answered; medians: embedding ${stage(({ timings }) => timings.embedMs)}, vectors ${stage(({ timings }) => timings.vectorMs)}, words ${stage(({ timings }) => timings.keywordMs)}, sentences ${stage(({ timings }) => timings.generateMs)} ms`,
  };
}

/** Distinct questions in the documents' own words: some eight words of a sentence. */
function makeQuestions(count: number, seed: number): string[] {
  const sentences = prose(200 * count, seed).flatMap((paragraph) => paragraph.split('. '));
  return Array.from({ length: count }, (_, i) => {
    const words = (sentences[i] ?? '').split(' ').slice(0, 8);
    return `What is said of ${words.join(' ').toLowerCase()} ${i}?`;
  });
}
