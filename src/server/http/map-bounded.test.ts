import { expect, test } from 'vitest';
import { mapBounded } from './map-bounded.ts';

test('results keep the order of the items and no more than allowed are worked on at a time', async () => {
  let running = 0;
  let most = 0;
  const doubled = await mapBounded([5, 1, 4, 2, 3, 0], 2, async (n) => {
    most = Math.max(most, ++running);
    for (let turns = n; turns > 0; turns--) await null;
    running--;
    return n * 2;
  });
  expect(doubled).toEqual([10, 2, 8, 4, 6, 0]);
  expect(most).toBe(2);
});

test('nothing to do gives nothing, and a failure is passed on', async () => {
  expect(await mapBounded([], 3, async () => 1)).toEqual([]);
  await expect(mapBounded([1], 3, async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
});
