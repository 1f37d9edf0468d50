import { expect, test } from 'vitest';
import { formatRun, scoreRun } from './ranking-metrics.ts';

const judgements = new Map([
  [
    'q1',
    new Map([
      ['a', 1],
      ['b', 2],
      ['c', 0],
    ]),
  ],
  ['q2', new Map([['d', 1]])],
  ['not judged', new Map([['a', 0]])],
]);

test('scores are those that trec_eval gives', () => {
  const run = new Map([
    [
      'q1',
      [
        { id: 'a', score: 0.9 },
        { id: 'c', score: 0.8 },
        { id: 'b', score: 0.7 },
      ],
    ],
    [
      'q2',
      [
        { id: 'x', score: 2 },
        { id: 'd', score: 1 },
      ],
    ],
  ]);
  const first = (1 + 2 / 2) / (2 + 1 / Math.log2(3));
  const second = 1 / Math.log2(3);
  expect(scoreRun(judgements, run)).toEqual({
    queries: 2,
    ndcg10: expect.closeTo((first + second) / 2),
    recall10: 1,
    recall100: 1,
    mrr10: 0.75,
  });
});

test('a judged question that the run lacks counts 0', () => {
  expect(scoreRun(judgements, new Map()).ndcg10).toBe(0);
  const half = new Map([['q2', [{ id: 'd', score: 1 }]]]);
  expect(scoreRun(judgements, half)).toMatchObject({ ndcg10: 0.5, recall10: 0.5, mrr10: 0.5 });
});

test('only the first ten count, and the first hundred for deep recall', () => {
  const at = (rank: number) =>
    new Map([
      [
        'q2',
        [
          ...Array.from({ length: rank - 1 }, (_, i) => ({ id: `x${i}`, score: 1000 - i })),
          { id: 'd', score: 1 },
        ],
      ],
    ]);
  expect(scoreRun(judgements, at(10))).toMatchObject({ recall10: 0.5, mrr10: 0.05 });
  expect(scoreRun(judgements, at(11))).toMatchObject({ recall10: 0, recall100: 0.5, mrr10: 0, ndcg10: 0 });
  expect(scoreRun(judgements, at(101))).toMatchObject({ recall100: 0 });
});

test('a run is written in the order that it is scored in: equal scores by name, descending', () => {
  const run = new Map([
    [
      'q',
      [
        { id: 'a', score: 1 },
        { id: 'b', score: 1 },
        { id: 'c', score: 2 },
      ],
    ],
  ]);
  expect(formatRun(run, 'ka')).toBe('q Q0 c 1 2 ka\nq Q0 b 2 1 ka\nq Q0 a 3 1 ka\n');
});
