import { describe, expect, test } from 'vitest';
import type { Cache } from '../../ports/cache.ts';

export interface CacheUnderTest {
  readonly cache: Cache;
  /** Lets time pass for the cache. */
  pass(ms: number): Promise<void> | void;
}

export function cacheConformance(name: string, make: () => Promise<CacheUnderTest>): void {
  describe(`cache: ${name}`, () => {
    test('a value is found again until it is deleted', async () => {
      const { cache } = await make();
      await cache.set('a', { n: 1, list: ['ü', null] }, 1000);
      expect(await cache.get('a')).toEqual({ n: 1, list: ['ü', null] });
      expect(await cache.get('b')).toBeUndefined();
      await cache.delete('a');
      expect(await cache.get('a')).toBeUndefined();
      await cache.close();
    });

    test('a value is gone when its time is over, and a time of zero keeps nothing', async () => {
      const { cache, pass } = await make();
      await cache.set('short', 1, 100);
      await cache.set('long', 2, 10_000);
      await cache.set('never', 3, 0);
      await pass(150);
      expect(await cache.get('short')).toBeUndefined();
      expect(await cache.get('never')).toBeUndefined();
      expect(await cache.get('long')).toBe(2);
      await cache.close();
    });

    test('what a caller does with a value does not reach the cache', async () => {
      const { cache } = await make();
      const value = { list: [1] };
      await cache.set('a', value, 1000);
      value.list.push(2);
      (await cache.get<{ list: number[] }>('a'))?.list.push(3);
      expect(await cache.get('a')).toEqual({ list: [1] });
      await cache.close();
    });

    test('nothing is found once it was cleared, and new values are kept', async () => {
      const { cache } = await make();
      for (let n = 0; n < 30; n++) await cache.set(`key ${n}`, n, 10_000);
      await cache.clear();
      for (let n = 0; n < 30; n++) expect(await cache.get(`key ${n}`)).toBeUndefined();
      await cache.set('a', 1, 1000);
      expect(await cache.get('a')).toBe(1);
      await cache.close();
    });

    test('hits and misses are counted', async () => {
      const { cache } = await make();
      await cache.set('a', 1, 1000);
      await cache.get('a');
      await cache.get('b');
      expect(cache.stats()).toMatchObject({ hits: 1, misses: 1 });
      await cache.close();
    });
  });
}
