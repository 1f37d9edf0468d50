import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/needs.ts';
import { type RedisServer, startRedisServer } from '../../../../test/support/redis-server.ts';
import { connectRedis, type RedisConnection } from '../redis-connection.ts';
import { rateLimitConformance } from './conformance.ts';
import { createMemoryRateLimit } from './memory.ts';
import { createRedisRateLimit } from './redis.ts';

describeWith('redis', 'rate limit in Redis', (path) => {
  let server: RedisServer;
  let redis: RedisConnection;
  beforeAll(async () => {
    server = await startRedisServer(path);
    redis = await connectRedis({ url: server.url, callMs: 5000 });
  });
  afterAll(async () => {
    await redis.close();
    await server.close();
  });

  const never = {
    take(): never {
      throw new Error('Redis was up');
    },
  };
  let made = 0;
  rateLimitConformance('redis', async (perMinute) => {
    const prefix = `limit-${++made}`;
    return {
      limit: createRedisRateLimit({ redis, prefix, perMinute, fallback: never }),
      // what is kept is a time: it moves back instead of the clock going on
      async pass(ms) {
        for (const key of (await redis.ask((client) => client.keys(`${prefix}:*`))) ?? [])
          await redis.ask(async (client) =>
            client.set(key, `${Number(await client.get(key)) - ms}`, 'KEEPTTL'),
          );
      },
    };
  });

  test('replicas count together, and what is kept goes by itself', async () => {
    const replica = () => createRedisRateLimit({ redis, prefix: 'both', perMinute: 3, fallback: never });
    const [one, two] = [replica(), replica()];
    expect([await one.take('a'), await two.take('a'), await one.take('a')]).toEqual([0, 0, 0]);
    expect(await two.take('a')).toBeGreaterThan(0);
    const left = await redis.ask((client) => client.pttl('both:limit:a'));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  test('requests that come together are counted one by one', async () => {
    const limit = createRedisRateLimit({ redis, prefix: 'together', perMinute: 10, fallback: never });
    const taken = await Promise.all(Array.from({ length: 50 }, () => limit.take('a')));
    expect(taken.filter((seconds) => seconds === 0)).toHaveLength(10);
  });

  test('while Redis is away each replica counts for itself', async () => {
    const own = await startRedisServer(path);
    const connection = await connectRedis({ url: own.url, callMs: 5000 });
    const limit = createRedisRateLimit({
      redis: connection,
      prefix: 'away',
      perMinute: 2,
      fallback: createMemoryRateLimit(2),
    });
    expect(await limit.take('a')).toBe(0);
    await own.kill();
    await expect.poll(() => connection.isUp()).toBe(false);
    expect([await limit.take('a'), await limit.take('a')]).toEqual([0, 0]);
    expect(await limit.take('a')).toBeGreaterThan(0);
    await own.restart();
    await expect.poll(() => connection.isUp(), { timeout: 30_000 }).toBe(true);
    expect(await limit.take('a')).toBe(0);
    await connection.close();
    await own.close();
  });
});
