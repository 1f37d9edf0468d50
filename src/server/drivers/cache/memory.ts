import { LRUCache } from 'lru-cache';
import type { Cache } from '../../ports/cache.ts';

export interface MemoryCache extends Cache {
  /** From now on at most this share (0 to 1) of `maxBytes` is used. */
  limitTo(share: number): void;
}

/**
 * A cache in this process, bounded by entries and by bytes. What was asked for once does not push out what is asked for
 * again: each has half of the room at least (as in segmented LRU: Karedy, Love and Merz, "Caching strategies to improve
 * disk system performance", 1994), and of each what was not asked for longest goes first. Values are kept as JSON: a caller
 * that changes what it got changes nothing here, and the size is known.
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
  const part = () =>
    new LRUCache<string, string>({
      max: Math.max(1, maxEntries),
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: (text, key) => 2 * (text.length + key.length) + OVERHEAD_BYTES,
      perf: { now },
      // reading the clock is cheaper than the timer that would spare it
      ttlResolution: 0,
    });
  const [once, again] = [part(), part()];
  let limitBytes = maxBytes;
  const bytes = () => once.calculatedSize + again.calculatedSize;
  const trim = () => {
    while (once.size + again.size > maxEntries || bytes() > limitBytes)
      (once.size < again.size ? again : once).pop();
  };
  const clear = async () => {
    once.clear();
    again.clear();
  };
  let hits = 0;
  let misses = 0;
  return {
    async get<T>(key: string) {
      const text = again.get(key) ?? once.get(key);
      if (text === undefined) {
        misses++;
        return undefined;
      }
      hits++;
      if (once.has(key)) {
        again.set(key, text, { ttl: once.getRemainingTTL(key) });
        once.delete(key);
      }
      return JSON.parse(text) as T;
    },
    async set(key, value, ttlMs) {
      if (!enabled || ttlMs <= 0 || limitBytes === 0) return;
      (again.has(key) ? again : once).set(key, JSON.stringify(value), { ttl: ttlMs });
      trim();
    },
    async delete(key) {
      once.delete(key);
      again.delete(key);
    },
    clear,
    limitTo(share) {
      limitBytes = Math.floor(maxBytes * share);
      trim();
    },
    stats: () => ({ hits, misses, entries: once.size + again.size, bytes: bytes() }),
    close: clear,
  };
}

/** What the map and the list around an entry take, about. */
const OVERHEAD_BYTES = 200;
