import { expect, test } from 'vitest';
import { comparePairs } from './paired-randomization.ts';

test('what never differs is no difference, and what always differs one way is one', () => {
  const same = Array.from({ length: 50 }, (_, n) => [n / 50, n / 50] as const);
  expect(comparePairs(same)).toMatchObject({ pairs: 50, better: 0, worse: 0, p: 1 });
  const better = Array.from({ length: 50 }, (_, n) => [n / 50, n / 50 + 0.01] as const);
  const { before, after, p, ...counts } = comparePairs(better);
  expect(counts).toEqual({ pairs: 50, better: 50, worse: 0 });
  expect(after - before).toBeCloseTo(0.01, 12);
  expect(p).toBeLessThan(0.001);
  expect(comparePairs(better.map(([a, b]) => [b, a] as const)).p).toBe(p);
});

test('p is that of the exact distribution, where it is known', () => {
  // of five equal differences all must point the same way: 2 of 32
  const five = Array.from({ length: 5 }, () => [0, 1] as const);
  expect(comparePairs(five).p).toBeCloseTo(2 / 32, 2);
  // four one way and one the other, |sum| ≥ 3: 2 · (1 + 5) of 32
  expect(comparePairs([...five.slice(1), [1, 0]]).p).toBeCloseTo(12 / 32, 2);
});

test('of pairs without a difference one in twenty is taken for one at p < 0.05', () => {
  let state = 7;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const significant = Array.from({ length: 200 }, () =>
    comparePairs(Array.from({ length: 30 }, () => [random(), random()] as const)),
  ).filter(({ p }) => p < 0.05).length;
  expect(significant).toBeGreaterThan(2);
  expect(significant).toBeLessThan(22);
});
