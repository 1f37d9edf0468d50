import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modelDir } from '../version.ts';
import { loadEvalSet } from './beir.ts';
import { type RankedDocument, scoreRun } from './ranking-metrics.ts';
import { runEval } from './run-eval.ts';

const DOCUMENTS = [
  {
    _id: 'tea',
    title: 'Tea',
    text: 'Green tea is steamed soon after picking. Black tea is left to oxidise.',
  },
  { _id: 'kites', title: '', text: 'A kite needs a tail so that it does not spin in strong wind.' },
  {
    _id: 'salt',
    title: 'Salt pans',
    text: 'Sea water dries in shallow pans, and the salt is raked together by hand.',
  },
  { _id: 'empty', title: 'Nothing', text: '' },
];
const QUESTIONS = [
  { _id: 'q1', question: 'What happens to black tea?', answers: ['oxidise'], doc_ids: ['tea'] },
  {
    _id: 'q2',
    question: 'How is salt raked together?',
    answers: [['by hand', 'manually']],
    doc_ids: ['salt'],
  },
  { _id: 'q3', question: 'Who painted the Mona Lisa?', answers: [], unanswerable: true },
];

const dir = mkdtempSync(join(tmpdir(), 'eval-set-'));
beforeAll(() => {
  const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  mkdirSync(join(dir, 'qrels'));
  writeFileSync(join(dir, 'corpus.jsonl'), lines(DOCUMENTS));
  writeFileSync(
    join(dir, 'queries.jsonl'),
    lines(QUESTIONS.map(({ _id, question }) => ({ _id, text: question }))),
  );
  writeFileSync(join(dir, 'qrels', 'test.tsv'), 'query-id\tcorpus-id\tscore\nq1\ttea\t1\nq2\tsalt\t1\n');
  writeFileSync(join(dir, 'qa.jsonl'), lines(QUESTIONS));
});
afterAll(() => rmSync(dir, { recursive: true }));

test('a set is indexed, searched and asked by what the product is made of', async () => {
  const runFile = join(dir, 'run.trec');
  const jsonFile = join(dir, 'report.json');
  const report = await runEval(dir, {
    mode: 'hybrid',
    modelDir,
    runFile,
    jsonFile,
    cacheDir: join(dir, 'cache'),
  });
  expect(report).toMatchObject({
    documents: 4,
    chunks: 3,
    ranking: { queries: 2, ndcg10: 1, recall10: 1, mrr10: 1 },
    answers: { questions: 3, answerable: 2, answeredRecall: 1, refusedRecall: 1, right: 1 },
  });
  expect(JSON.parse(readFileSync(jsonFile, 'utf8'))).toMatchObject({
    set: report.set,
    ranking: report.ranking,
  });

  const run = new Map<string, RankedDocument[]>();
  for (const line of readFileSync(runFile, 'utf8').trim().split('\n')) {
    const [query, , id, , score] = line.split(' ') as [string, string, string, string, string];
    run.set(query, [...(run.get(query) ?? []), { id, score: Number(score) }]);
  }
  expect(scoreRun(loadEvalSet(dir).judgements, run)).toEqual(report.ranking);
});

test('two runs are compared question by question', async () => {
  const perQueryFile = join(dir, 'keyword.jsonl');
  const cacheDir = join(dir, 'cache');
  const first = await runEval(dir, { mode: 'keyword', modelDir, perQueryFile, cacheDir });
  expect(first).not.toHaveProperty('compared');
  const lines = readFileSync(perQueryFile, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      id: 'q1',
      ndcg10: 1,
      recall10: 1,
      recall100: 1,
      mrr10: 1,
      gate: 1,
      rightFirst: 1,
      right: 1,
      f1: expect.any(Number),
    },
    {
      id: 'q2',
      ndcg10: 1,
      recall10: 1,
      recall100: 1,
      mrr10: 1,
      gate: 1,
      rightFirst: 1,
      right: 1,
      f1: expect.any(Number),
    },
    { id: 'q3', gate: 1 },
  ]);
  // as if the other run had found nothing for one of them
  writeFileSync(perQueryFile, [lines[0]?.replace('"ndcg10":1', '"ndcg10":0'), ...lines.slice(1)].join('\n'));
  const { compared, searchCpuMs, answerCpuMs } = await runEval(dir, {
    mode: 'keyword',
    modelDir,
    compareFile: perQueryFile,
    cacheDir,
  });
  expect(compared?.find(({ figure }) => figure === 'ndcg10')).toEqual({
    figure: 'ndcg10',
    pairs: 2,
    before: 0.5,
    after: 1,
    better: 1,
    worse: 0,
    p: 1,
  });
  expect(compared?.find(({ figure }) => figure === 'gate')).toMatchObject({ pairs: 3, better: 0, worse: 0 });
  expect(Math.min(searchCpuMs, answerCpuMs ?? 0)).toBeGreaterThan(0);
  writeFileSync(perQueryFile, '{"id":"q1"}\nnothing\n');
  await expect(runEval(dir, { mode: 'keyword', modelDir, compareFile: perQueryFile })).rejects.toThrow(
    /keyword\.jsonl, line 2/,
  );
});

test('kept vectors give the same figures again', async () => {
  const again = () => runEval(dir, { mode: 'vector', modelDir, cacheDir: join(dir, 'cache') });
  const [first, second] = [await again(), await again()];
  expect(second.ranking).toEqual(first.ranking);
});

test('a line that is not what it should be is named', () => {
  writeFileSync(join(dir, 'queries.jsonl'), '{"_id": "q1", "text": "fine"}\n{"_id": 7}\n');
  expect(() => loadEvalSet(dir)).toThrow(/queries\.jsonl, line 2/);
});
