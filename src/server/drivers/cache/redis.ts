import type { Cache } from '../../ports/cache.ts';
import type { RedisConnection } from '../redis-connection.ts';

/** A larger value is made again rather than sent through the network within a call's time. */
const MAX_VALUE_CHARS = 1024 * 1024;
/** Names that Redis looks at within one call. */
const SCANNED_AT_ONCE = 1000;
/** Figures of the server's memory are asked for at most so often. */
const FIGURES_MS = 10_000;

/**
 * A cache that all replicas share. It is bounded by each entry's time and by the server's own `maxmemory`
 * (with `allkeys-lru`); while Redis is away nothing is found and nothing is kept.
 *
 * `stats` counts this process's hits and misses; entries and bytes are those of the whole server, as it told
 * them last.
 *
 * @param prefix names the installation: another one on the same server must never meet its entries.
 */
export function createRedisCache({ redis, prefix }: { redis: RedisConnection; prefix: string }): Cache {
  const nameOf = (key: string) => `${prefix}:cache:${key}`;
  const figures = { entries: 0, bytes: 0 };
  let figuresAt = Number.NEGATIVE_INFINITY;
  let hits = 0;
  let misses = 0;

  async function readFigures(): Promise<void> {
    figuresAt = performance.now();
    const [entries, info] = await Promise.all([
      redis.ask((client) => client.dbsize()),
      redis.ask((client) => client.info('memory')),
    ]);
    if (entries !== undefined) figures.entries = entries;
    const bytes = /^used_memory:(\d+)/m.exec(info ?? '')?.[1];
    if (bytes !== undefined) figures.bytes = Number(bytes);
  }

  return {
    async get<T>(key: string) {
      const text = await redis.ask((client) => client.get(nameOf(key)));
      if (text === undefined || text === null) {
        misses++;
        return undefined;
      }
      hits++;
      return JSON.parse(text) as T;
    },
    async set(key, value, ttlMs) {
      if (ttlMs <= 0) return;
      const text = JSON.stringify(value);
      if (text.length > MAX_VALUE_CHARS) return;
      await redis.ask((client) => client.set(nameOf(key), text, 'PX', Math.ceil(ttlMs)));
    },
    async delete(key) {
      await redis.ask((client) => client.del(nameOf(key)));
    },
    async clear() {
      for (let cursor = '0'; ; ) {
        const found = await redis.ask((client) =>
          client.scan(cursor, 'MATCH', nameOf('*'), 'COUNT', SCANNED_AT_ONCE),
        );
        // while Redis is away nothing is kept
        if (found === undefined) return;
        const [next, names] = found;
        if (names.length > 0) await redis.ask((client) => client.unlink(...names));
        if (next === '0') return;
        cursor = next;
      }
    },
    stats() {
      if (performance.now() - figuresAt > FIGURES_MS) void readFigures();
      return { hits, misses, ...figures };
    },
    /** The connection is its opener's. */
    async close() {},
  };
}
