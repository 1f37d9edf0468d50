import { expect, test } from 'vitest';
import { areaUnderCurve, fitLogistic, predict } from './logistic.ts';

test('the model tells apart what one feature tells apart, and ignores noise', () => {
  const examples = Array.from({ length: 400 }, (_, i) => ({
    features: [(i % 20) / 20, ((i * 7919) % 101) / 101],
    positive: i % 20 >= 10,
    weight: 1,
  }));
  const model = fitLogistic(examples);
  expect(predict(model, [0.9, 0.5])).toBeGreaterThan(0.9);
  expect(predict(model, [0.1, 0.5])).toBeLessThan(0.1);
  expect(Math.abs(model.weights[1] as number)).toBeLessThan((model.weights[0] as number) / 10);
});

test('without a feature that helps, the model gives the weighted share of positives', () => {
  const model = fitLogistic([
    { features: [0], positive: true, weight: 3 },
    { features: [0], positive: false, weight: 1 },
  ]);
  expect(predict(model, [0])).toBeCloseTo(0.75);
});

test('the area under the curve counts pairs in order, equal ones half', () => {
  expect(areaUnderCurve([3, 4], [1, 2])).toBe(1);
  expect(areaUnderCurve([1, 2], [3, 4])).toBe(0);
  expect(areaUnderCurve([1, 2], [1, 2])).toBe(0.5);
  expect(areaUnderCurve([2], [1, 2, 3])).toBe(0.5);
});
