import { LRUCache } from 'lru-cache';
import type { Cache } from '../../ports/cache.ts';

export interface MemoryCache extends Cache {
  /** From now on at most this share (0 to 1) of `maxBytes` is used. */
  limitTo(share: number): void;
}

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
}): MemoryCache {
  const enabled = maxEntries > 0 && maxBytes > 0;
  const entries = new LRUCache<string, string>({
    max: Math.max(1, maxEntries),
    maxSize: Math.max(1, maxBytes),
    sizeCalculation: (text, key) => 2 * (text.length + key.length) + OVERHEAD_BYTES,
    perf: { now },
    // reading the clock is cheaper than the timer that would spare it
    ttlResolution: 0,
  });
  let limitBytes = maxBytes;
  const trim = () => {
    while (entries.calculatedSize > limitBytes) entries.pop();
  };
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
      if (!enabled || ttlMs <= 0 || limitBytes === 0) return;
      entries.set(key, JSON.stringify(value), { ttl: ttlMs });
      trim();
    },
    async delete(key) {
      entries.delete(key);
    },
    async clear() {
      entries.clear();
    },
    limitTo(share) {
      limitBytes = Math.floor(maxBytes * share);
      trim();
    },
    stats: () => ({ hits, misses, entries: entries.size, bytes: entries.calculatedSize }),
    async close() {
      entries.clear();
    },
  };
}

/** What the map and the list around an entry take, about. */
const OVERHEAD_BYTES = 200;
