import { expect, test } from 'vitest';
import { fuseConvex } from './fuse.ts';

const cosines = (entries: Record<number, number>) =>
  new Map(Object.entries(entries).map(([key, cosine]) => [Number(key), cosine]));

test('cosine by its range and BM25 by its best make the score', () => {
  const fused = fuseConvex(
    cosines({ 1: 0.8, 2: 0.4, 3: 0.6 }),
    [
      { key: 2, score: 10 },
      { key: 3, score: 5 },
    ],
    0.7,
  );
  expect(fused).toEqual([
    { key: 1, score: 0.7, vector: 0.8 },
    { key: 3, score: expect.closeTo(0.7 * 0.5 + 0.3 * 0.5), vector: 0.6, keyword: 5 },
    { key: 2, score: expect.closeTo(0.3), vector: 0.4, keyword: 10 },
  ]);
});

test('a chunk without a vector competes by its words alone', () => {
  const fused = fuseConvex(
    cosines({ 1: 0.9, 2: 0.1 }),
    [
      { key: 3, score: 8 },
      { key: 2, score: 4 },
    ],
    0.5,
  );
  expect(fused.map(({ key, score }) => [key, score])).toEqual([
    [3, 1],
    [1, 0.5],
    [2, 0.25],
  ]);
});

test('equal scores come in the order of their keys, whatever the order they came in', () => {
  const order = (keys: number[]) =>
    fuseConvex(new Map(keys.map((key) => [key, 0.5])), [], 0.5).map(({ key }) => key);
  expect(order([3, 1, 2])).toEqual([1, 2, 3]);
  expect(order([2, 3, 1])).toEqual([1, 2, 3]);
});

test('weight 1 ranks by cosine, weight 0 by words', () => {
  const near = cosines({ 1: 0.9, 2: 0.5 });
  const words = [{ key: 2, score: 3 }];
  expect(fuseConvex(near, words, 1).map(({ key }) => key)).toEqual([1, 2]);
  expect(fuseConvex(near, words, 0).map(({ key }) => key)).toEqual([2, 1]);
});

test('nothing found gives nothing', () => {
  expect(fuseConvex(new Map(), [], 0.5)).toEqual([]);
});
