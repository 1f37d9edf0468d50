import type { LocalEvents } from './drivers/events/local.ts';
import type { Probe } from './http/services.ts';
import type { Log } from './log.ts';
import type { Cache } from './ports/cache.ts';
import type { Events } from './ports/events.ts';
import type { RateLimit } from './ports/rate-limit.ts';
import type { SharedWork } from './ports/shared-work.ts';

/** What all processes of an installation share where there is Redis, and else this process alone. */
export interface Shared {
  readonly cache: Cache;
  readonly events: Events;
  readonly rateLimit: RateLimit;
  /** Undefined: there is nobody to share work with. */
  readonly work: SharedWork | undefined;
  readonly probe: Probe;
  close(): Promise<void>;
}

export interface SharedOptions {
  /** Names the installation. */
  readonly prefix: string;
  readonly log: Log;
  readonly local: { readonly cache: Cache; readonly events: LocalEvents; readonly rateLimit: RateLimit };
  readonly requestsPerMinute: number;
}

/** The code of Redis is loaded only where there is one. While it is away everything goes on, each process for itself. */
export async function connectShared(url: string | undefined, options: SharedOptions): Promise<Shared> {
  const { prefix, log, local, requestsPerMinute } = options;
  if (url === undefined)
    return {
      ...local,
      work: undefined,
      probe: async () => ({ detail: `in process, ${figuresOf(local.cache)}` }),
      async close() {
        await Promise.all([local.cache.close(), local.events.close()]);
      },
    };
  const [
    { connectRedis },
    { createRedisCache },
    { createRedisEvents },
    { createRedisRateLimit },
    { createRedisSharedWork },
  ] = await Promise.all([
    import('./drivers/redis-connection.ts'),
    import('./drivers/cache/redis.ts'),
    import('./drivers/events/redis.ts'),
    import('./drivers/rate-limit/redis.ts'),
    import('./drivers/shared-work/redis.ts'),
  ]);
  const redis = await connectRedis({
    url,
    onNote: (note) => (note.state === 'up' ? log.info('redis', { ...note }) : log.warn('redis', { ...note })),
  });
  const cache = createRedisCache({ redis, prefix });
  const events = await createRedisEvents({ redis, prefix, local: local.events });
  return {
    cache,
    events,
    rateLimit: createRedisRateLimit({
      redis,
      prefix,
      perMinute: requestsPerMinute,
      fallback: local.rateLimit,
    }),
    work: createRedisSharedWork({ redis, prefix }),
    probe: async () =>
      redis.isUp()
        ? { detail: `Redis, ${figuresOf(cache)}` }
        : { status: 'degraded', detail: 'Redis is away: nothing is cached, limits hold for each process' },
    async close() {
      await Promise.all([cache.close(), local.cache.close(), events.close()]);
      await redis.close();
    },
  };
}

function figuresOf(cache: Cache): string {
  const { hits, misses, entries } = cache.stats();
  return `${entries} entries, ${hits} hits, ${misses} misses`;
}
