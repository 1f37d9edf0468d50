import { describe, expect, test } from 'vitest';
import type { RateLimit } from '../../ports/rate-limit.ts';

export interface RateLimitUnderTest {
  readonly limit: RateLimit;
  /** Lets time pass for the limit. */
  pass(ms: number): Promise<void> | void;
}

/** Every driver of `RateLimit` passes these. */
export function rateLimitConformance(
  name: string,
  make: (perMinute: number) => Promise<RateLimitUnderTest>,
): void {
  describe(`rate limit: ${name}`, () => {
    /** How many of `count` requests may go on. */
    const allowed = async (limit: RateLimit, key: string, count: number): Promise<number> => {
      let taken = 0;
      for (let n = 0; n < count; n++) if ((await limit.take(key)) === 0) taken++;
      return taken;
    };

    // one a minute: what the test itself takes counts for nothing
    test("a whole minute's worth may come at once, and the next is told when", async () => {
      const { limit } = await make(2);
      expect(await allowed(limit, 'a', 2)).toBe(2);
      const seconds = await limit.take('a');
      expect(seconds).toBeGreaterThan(20);
      expect(seconds).toBeLessThanOrEqual(30);
    });

    test('it refills evenly, and never beyond a minute of it', async () => {
      const { limit, pass } = await make(6);
      expect(await allowed(limit, 'a', 6)).toBe(6);
      await pass(10_000);
      expect(await allowed(limit, 'a', 2)).toBe(1);
      await pass(30_000);
      expect(await allowed(limit, 'a', 5)).toBe(3);
      await pass(3_600_000);
      expect(await allowed(limit, 'a', 10)).toBe(6);
    });

    test('a refused request costs nothing', async () => {
      const { limit, pass } = await make(2);
      expect(await allowed(limit, 'a', 20)).toBe(2);
      await pass(30_000);
      expect(await limit.take('a')).toBe(0);
    });

    test('keys do not count for each other, whatever is in them', async () => {
      const { limit } = await make(1);
      const keys = ['a', 'b', 'a b', 'a:b', '::1', '2001:db8::1', 'ü', ''];
      for (const key of keys) expect(await limit.take(key)).toBe(0);
      for (const key of keys) expect(await limit.take(key)).toBeGreaterThan(0);
    });

    test('a limit of zero is none', async () => {
      const { limit } = await make(0);
      expect(await allowed(limit, 'a', 100)).toBe(100);
    });
  });
}
