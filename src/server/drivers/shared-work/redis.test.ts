import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/needs.ts';
import { type RedisServer, startRedisServer } from '../../../../test/support/redis-server.ts';
import { createRedisCache } from '../cache/redis.ts';
import { connectRedis, type RedisConnection } from '../redis-connection.ts';
import { createRedisSharedWork } from './redis.ts';

describeWith('redis', 'work shared over Redis', (path) => {
  let server: RedisServer;
  const connections: RedisConnection[] = [];
  beforeAll(async () => {
    server = await startRedisServer(path);
  });
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
  });
  afterAll(() => server.close());

  const never = new AbortController().signal;
  /** A replica that answers from the shared cache, or works under the shared lease. */
  async function replica(leaseMs = 60_000, url = server.url) {
    const redis = await connectRedis({ url, callMs: 5000 });
    connections.push(redis);
    const cache = createRedisCache({ redis, prefix: 'house' });
    const shared = createRedisSharedWork({ redis, prefix: 'house', leaseMs });
    const ask = (key: string, make: () => Promise<string>, signal = never) =>
      shared.once<string>(
        key,
        () => cache.get(key),
        async () => {
          const made = await make();
          await cache.set(key, made, 60_000);
          return made;
        },
        signal,
      );
    return { redis, cache, ask };
  }

  test('what two replicas are asked at once is worked once', async () => {
    const [one, two] = [await replica(), await replica()];
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<string>();
    let worked = 0;
    const make = () => {
      worked++;
      begun.resolve();
      return end.promise;
    };
    const first = one.ask('together', make);
    await begun.promise;
    const second = two.ask('together', make);
    // the second has met the lease
    await expect.poll(() => two.redis.ask((client) => client.exists('house:work:together'))).toBe(1);
    end.resolve('answer');
    expect(await Promise.all([first, second])).toEqual(['answer', 'answer']);
    expect(worked).toBe(1);
    expect(await one.redis.ask((client) => client.exists('house:work:together'))).toBe(0);
  });

  test('different keys do not wait for each other', async () => {
    const [one, two] = [await replica(), await replica()];
    const end = Promise.withResolvers<string>();
    const first = one.ask('one', () => end.promise);
    expect(await two.ask('two', async () => 'at once')).toBe('at once');
    end.resolve('later');
    expect(await first).toBe('later');
  });

  test('a failure is the worker’s own: who waited tries itself', async () => {
    const [one, two] = [await replica(), await replica()];
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<string>();
    const first = one.ask('fails', () => {
      begun.resolve();
      return end.promise;
    });
    await begun.promise;
    const second = two.ask('fails', async () => 'second try');
    end.reject(new Error('no'));
    await expect(first).rejects.toThrow('no');
    expect(await second).toBe('second try');
  });

  test('who leaves while waiting is let go', async () => {
    const [one, two] = [await replica(), await replica()];
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<string>();
    const first = one.ask('left', () => {
      begun.resolve();
      return end.promise;
    });
    await begun.promise;
    const leaving = new AbortController();
    const second = two.ask('left', async () => 'never', leaving.signal);
    leaving.abort(new DOMException('gone', 'AbortError'));
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    end.resolve('answer');
    await first;
  });

  test('a worker that works longer than its lease keeps it, one that died loses it', async () => {
    const [one, two, three] = [await replica(3000), await replica(), await replica()];
    const key = 'house:work:long';
    const end = Promise.withResolvers<string>();
    const begun = Promise.withResolvers<void>();
    const first = one.ask('long', () => {
      begun.resolve();
      return end.promise;
    });
    await begun.promise;
    const token = await two.redis.ask((client) => client.get(key));
    // only a renewal makes it longer again
    await two.redis.ask((client) => client.pexpire(key, 2500));
    await expect
      .poll(() => two.redis.ask((client) => client.pttl(key)), { timeout: 10_000 })
      .toBeGreaterThan(2500);
    expect(await two.redis.ask((client) => client.get(key))).toBe(token);
    // a lease without a worker: its process is gone
    await two.redis.ask((client) => client.set('house:work:dead', 'nobody', 'PX', 100));
    expect(await three.ask('dead', async () => 'taken over')).toBe('taken over');
    end.resolve('answer');
    expect(await first).toBe('answer');
  });

  test('a lease that has become another’s is left alone', async () => {
    const one = await replica();
    await one.ask('lost', async () => {
      await one.redis.ask((client) => client.set('house:work:lost', 'another', 'PX', 60_000));
      return 'answer';
    });
    expect(await one.redis.ask((client) => client.get('house:work:lost'))).toBe('another');
  });

  test('while Redis is away everybody works', async () => {
    const own = await startRedisServer(path);
    const one = await replica(60_000, own.url);
    await own.kill();
    await expect.poll(() => one.redis.isUp()).toBe(false);
    expect(await one.ask('away', async () => 'own work')).toBe('own work');
    await own.close();
  });
});
