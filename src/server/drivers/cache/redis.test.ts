import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/needs.ts';
import { type RedisServer, startRedisServer } from '../../../../test/support/redis-server.ts';
import { connectRedis, type RedisConnection } from '../redis-connection.ts';
import { cacheConformance } from './conformance.ts';
import { createRedisCache } from './redis.ts';

describeWith('redis', 'cache in Redis', (path) => {
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
  let made = 0;

  cacheConformance('redis', async () => {
    const prefix = `cache-${++made}`;
    return {
      cache: createRedisCache({ redis, prefix }),
      async pass(ms) {
        for (const key of (await redis.ask((client) => client.keys(`${prefix}:*`))) ?? [])
          await redis.ask(async (client) => client.pexpire(key, (await client.pttl(key)) - ms));
      },
    };
  });

  test('replicas share what one of them keeps, installations do not', async () => {
    const [one, two] = [createRedisCache({ redis, prefix: 'x' }), createRedisCache({ redis, prefix: 'x' })];
    const other = createRedisCache({ redis, prefix: 'y' });
    await one.set('a', 1, 10_000);
    expect(await two.get('a')).toBe(1);
    expect(await other.get('a')).toBeUndefined();
  });

  test('what is too large for one call is not kept', async () => {
    const cache = createRedisCache({ redis, prefix: 'large' });
    await cache.set('a', 'x'.repeat(2 ** 20), 10_000);
    expect(await cache.get('a')).toBeUndefined();
  });

  test('every entry has a time to live, and the figures are those of the server', async () => {
    const cache = createRedisCache({ redis, prefix: 'figures' });
    await cache.set('a', 1, 10_000);
    expect(await redis.ask((client) => client.pttl('figures:cache:a'))).toBeGreaterThan(0);
    cache.stats();
    await expect.poll(() => cache.stats().entries).toBeGreaterThan(0);
    expect(cache.stats().bytes).toBeGreaterThan(100_000);
  });

  test('a killed Redis is a cache that forgets, and one that is back is filled again', async () => {
    const own = await startRedisServer(path);
    const connection = await connectRedis({ url: own.url, callMs: 5000 });
    const cache = createRedisCache({ redis: connection, prefix: 'killed' });
    await cache.set('a', 1, 60_000);
    await own.kill();
    await expect.poll(() => connection.isUp()).toBe(false);
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', 2, 60_000);
    await cache.delete('a');
    await own.restart();
    await expect.poll(() => connection.isUp(), { timeout: 30_000 }).toBe(true);
    await cache.set('a', 3, 60_000);
    expect(await cache.get('a')).toBe(3);
    await connection.close();
    await own.close();
  });
});
