import { LRUCache } from 'lru-cache';
import type { Cache } from '../../ports/cache.ts';

/**
 * A cache in this process, bounded by entries and by bytes; what was not asked for longest goes first. Values
 * are kept as JSON: a caller that changes what it got changes nothing here, and the size is known.
 *
 * @param maxEntries 0 keeps nothing.
 * @param now milliseconds that never go back.
 */
export function createMemoryCache({
  maxEntries,
  maxBytes,
  now = () => performance.now(),
}: {
  maxEntries: number;
  maxBytes: number;
  now?: () => number;
}): Cache {
  const enabled = maxEntries > 0 && maxBytes > 0;
  const entries = new LRUCache<string, string>({
    max: Math.max(1, maxEntries),
    maxSize: Math.max(1, maxBytes),
    sizeCalculation: (text, key) => 2 * (text.length + key.length) + OVERHEAD_BYTES,
    perf: { now },
    // reading the clock is cheaper than the timer that would spare it
    ttlResolution: 0,
  });
  let hits = 0;
  let misses = 0;
  return {
    async get<T>(key: string) {
      const text = entries.get(key);
      if (text === undefined) {
        misses++;
        return undefined;
      }
      hits++;
      return JSON.parse(text) as T;
    },
    async set(key, value, ttlMs) {
      if (enabled && ttlMs > 0) entries.set(key, JSON.stringify(value), { ttl: ttlMs });
    },
    async delete(key) {
      entries.delete(key);
    },
    stats: () => ({ hits, misses, entries: entries.size, bytes: entries.calculatedSize }),
    async close() {
      entries.clear();
    },
  };
}

/** What the map and the list around an entry take, about. */
const OVERHEAD_BYTES = 200;
