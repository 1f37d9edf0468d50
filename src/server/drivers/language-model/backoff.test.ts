import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test('waits grow with every try up to a bound, and are spread from nothing to the whole of it', () => {
  const longest = [1, 2, 3, 4, 5, 6, 20].map((tries) => backoffMs(tries, () => 1));
  expect(longest).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
  expect(backoffMs(3, () => 0)).toBe(0);
  expect(backoffMs(3, () => 0.5)).toBe(1000);
});

test('nobody comes back before the time that the provider asked for', () => {
  expect(backoffMs(1, () => 0, 7000)).toBe(7000);
  expect(backoffMs(1, () => 0.5, 7000)).toBe(7250);
});
