import { expect, test } from 'vitest';
import { cacheConformance } from './conformance.ts';
import { createMemoryCache } from './memory.ts';

cacheConformance('memory', async () => {
  let time = 1;
  return {
    cache: createMemoryCache({ maxEntries: 10, maxBytes: 10_000, now: () => time }),
    pass: (ms) => {
      time += ms;
    },
  };
});

test('the number of entries and of bytes is bounded, and what was used last stays', async () => {
  const few = createMemoryCache({ maxEntries: 2, maxBytes: 10_000 });
  for (const key of ['a', 'b']) await few.set(key, key, 60_000);
  await few.get('a');
  await few.set('c', 'c', 60_000);
  expect([await few.get('a'), await few.get('b'), await few.get('c')]).toEqual(['a', undefined, 'c']);

  const small = createMemoryCache({ maxEntries: 100, maxBytes: 5000 });
  for (let n = 0; n < 20; n++) await small.set(`k${n}`, 'x'.repeat(400), 60_000);
  expect(small.stats().bytes).toBeLessThanOrEqual(5000);
  expect(await small.get('k19')).toHaveLength(400);
  await small.set('huge', 'x'.repeat(10_000), 60_000);
  expect(await small.get('huge')).toBeUndefined();
});

test('what is asked for again is not pushed out by what was asked for once, however much of that there is', async () => {
  let time = 1;
  const cache = createMemoryCache({ maxEntries: 10, maxBytes: 100_000, now: () => time });
  for (const key of ['a', 'b']) await cache.set(key, key, 1000);
  expect([await cache.get('a'), await cache.get('b')]).toEqual(['a', 'b']);
  for (let n = 0; n < 100; n++) await cache.set(`once ${n}`, n, 60_000);
  expect(cache.stats().entries).toBe(10);
  expect([await cache.get('a'), await cache.get('b'), await cache.get('once 92')]).toEqual(['a', 'b', 92]);

  // nor does it keep out what comes: the two share the room
  for (let n = 93; n < 100; n++) await cache.get(`once ${n}`);
  for (let n = 100; n < 120; n++) await cache.set(`later ${n}`, n, 60_000);
  expect([await cache.get('later 119'), await cache.get('later 115'), await cache.get('once 99')]).toEqual([
    119, 115, 99,
  ]);
  expect(cache.stats().entries).toBe(10);

  // and it grows no older than it was to be
  await cache.set('c', 'c', 1000);
  await cache.get('c');
  time += 1001;
  expect(await cache.get('c')).toBeUndefined();
});

test('a cache of no entries keeps nothing', async () => {
  const none = createMemoryCache({ maxEntries: 0, maxBytes: 1000 });
  await none.set('a', 1, 60_000);
  expect(await none.get('a')).toBeUndefined();
});

test('a limit that falls lets go of what was asked for longest ago, and one that rises is used again', async () => {
  const cache = createMemoryCache({ maxEntries: 100, maxBytes: 10_000 });
  for (let n = 0; n < 8; n++) await cache.set(`k${n}`, 'x'.repeat(400), 60_000);
  cache.limitTo(0.5);
  expect(cache.stats().bytes).toBeLessThanOrEqual(5000);
  expect([await cache.get('k0'), await cache.get('k7')]).toEqual([undefined, 'x'.repeat(400)]);
  for (let n = 8; n < 20; n++) await cache.set(`k${n}`, 'x'.repeat(400), 60_000);
  expect(cache.stats().bytes).toBeLessThanOrEqual(5000);
  cache.limitTo(0);
  await cache.set('none', 1, 60_000);
  expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 });
  cache.limitTo(1);
  for (let n = 0; n < 8; n++) await cache.set(`k${n}`, 'x'.repeat(400), 60_000);
  expect(cache.stats().entries).toBe(8);
});
