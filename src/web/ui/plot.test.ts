import { expect, test } from 'vitest';
import { niceAbove } from './plot.tsx';

test('the axis ends at the next 1, 2 or 5 times a power of ten', () => {
  expect([0, 1, 1.5, 3, 5, 7, 42, 120, 0.03].map(niceAbove)).toEqual([0, 1, 2, 5, 5, 10, 50, 200, 0.05]);
});

test('a value that is itself a step is not pushed to the next by rounding', () => {
  expect(niceAbove(0.1 + 0.2 - 0.1)).toBe(0.2);
});
