import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { SharedWork } from '../../ports/shared-work.ts';
import { type RedisConnection, redisScript } from '../redis-connection.ts';

/** A worker that died holds others up for so long at most. */
const LEASE_MS = 5000;
/** Looks for the end of another's work: at first often, since most of it is short. */
const FIRST_LOOK_MS = 20;
const MOST_LOOK_MS = 200;

/** Only the owner's token renews and releases: a lease that ran out may be another's by now. */
const renew = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);
const release = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);

/**
 * A short lease in Redis for each piece of work. While Redis is away everybody works.
 *
 * @param prefix names the installation.
 */
export function createRedisSharedWork({
  redis,
  prefix,
  leaseMs = LEASE_MS,
}: {
  redis: RedisConnection;
  prefix: string;
  leaseMs?: number;
}): SharedWork {
  async function holding<T>(name: string, token: string, work: () => Promise<T>): Promise<T> {
    const renewing = setInterval(() => {
      void redis.ask((client) => renew(client, name, token, leaseMs));
    }, leaseMs / 3).unref();
    try {
      return await work();
    } finally {
      clearInterval(renewing);
      await redis.ask((client) => release(client, name, token));
    }
  }

  return {
    async once(key, look, work, signal) {
      const name = `${prefix}:work:${key}`;
      const token = randomUUID();
      for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 1.5, MOST_LOOK_MS)) {
        signal.throwIfAborted();
        const taken = await redis.ask((client) => client.set(name, token, 'PX', leaseMs, 'NX'));
        if (taken === undefined) return work();
        // what was waited for, or what another left between the caller's own look and the lease
        if (taken === 'OK') return holding(name, token, async () => (await look()) ?? (await work()));
        await pause(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    },
  };
}
