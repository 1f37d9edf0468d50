import type { RateLimit } from '../../ports/rate-limit.ts';

/** Above it, keys that have caught up are forgotten. */
const MAX_KEYS = 20_000;

/**
 * The generic cell rate algorithm in this process: all that is kept for a key is the time at which its burst is full again.
 *
 * @param perMinute 0 turns the limit off.
 * @param now milliseconds that never go back.
 */
export function createMemoryRateLimit(
  perMinute: number,
  now: () => number = () => performance.now(),
): RateLimit {
  if (perMinute === 0) return { take: () => 0 };
  const stepMs = 60_000 / perMinute;
  const burstMs = 60_000 - stepMs;
  const fullAt = new Map<string, number>();
  const forget = (time: number) => {
    for (const [key, full] of fullAt) if (full <= time) fullAt.delete(key);
    // an attack from ever new addresses: the oldest entries go, which only makes the limit milder for them
    for (const key of fullAt.keys()) {
      if (fullAt.size <= MAX_KEYS / 2) break;
      fullAt.delete(key);
    }
  };
  return {
    take(key) {
      const time = now();
      const full = Math.max(fullAt.get(key) ?? time, time);
      if (full - time > burstMs) return (full - time - burstMs) / 1000;
      if (fullAt.size >= MAX_KEYS) forget(time);
      fullAt.set(key, full + stepMs);
      return 0;
    },
  };
}
