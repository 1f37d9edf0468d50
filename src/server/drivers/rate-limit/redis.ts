import type { RateLimit } from '../../ports/rate-limit.ts';
import { type RedisConnection, redisScript } from '../redis-connection.ts';

/**
 * The generic cell rate algorithm by the server's clock, so that replicas whose clocks differ agree. What is kept
 * for a key, until then, is the time at which its burst is full again, in milliseconds.
 *
 * @returns milliseconds until the next request may come; 0 when this one may.
 */
const take = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local step = tonumber(ARGV[1])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
if full < now then full = now end
local early = full - now - (60000 - step)
if early > 0 then return math.ceil(early) end
full = full + step
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now))
return 0
`);

/**
 * One limit for all replicas.
 *
 * @param prefix names the installation.
 * @param fallback counts while Redis is away: each replica for itself, which lets through so many times more.
 */
export function createRedisRateLimit({
  redis,
  prefix,
  perMinute,
  fallback,
}: {
  redis: RedisConnection;
  prefix: string;
  perMinute: number;
  fallback: RateLimit;
}): RateLimit {
  if (perMinute === 0) return { take: () => 0 };
  const stepMs = 60_000 / perMinute;
  return {
    async take(key) {
      const waitMs = await redis.ask((client) => take(client, `${prefix}:limit:${key}`, stepMs));
      return waitMs === undefined ? fallback.take(key) : waitMs / 1000;
    },
  };
}
