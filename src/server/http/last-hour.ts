import { LRUCache } from 'lru-cache';
import type { Dashboard } from '../../contract/dashboard.ts';
import { BUCKETS, bucketOf, percentileOf } from '../histogram.ts';

type LastHourReport = Dashboard['lastHour'];

/** What each user asked in the last hour, minute by minute, in the memory of this process. */
export interface LastHour {
  record(userId: string, asked: { kind: 'question' | 'search'; ms: number; cached: boolean }): void;
  /** 60 minutes, oldest first; minutes without a request too. */
  of(userId: string): LastHourReport;
}

const MINUTE_MS = 60_000;
const MINUTES = 60;
/** Who asked last; one that asks in every minute takes 30 kB. */
const USERS_KEPT = 1000;

interface Minute {
  /** Since 1970. */
  readonly minute: number;
  questions: number;
  searches: number;
  cacheHits: number;
  /** Requests by bucket of their duration. */
  readonly counts: Uint16Array;
}

/** @param now milliseconds since 1970. */
export function createLastHour(now: () => number = Date.now): LastHour {
  const users = new LRUCache<string, Minute[]>({ max: USERS_KEPT });
  const minuteNow = () => Math.floor(now() / MINUTE_MS);
  return {
    record(userId, { kind, ms, cached }) {
      const minute = minuteNow();
      let minutes = users.get(userId);
      if (minutes === undefined) {
        minutes = [];
        users.set(userId, minutes);
      }
      const slot = minute % MINUTES;
      let found = minutes[slot];
      if (found?.minute !== minute) {
        found = { minute, questions: 0, searches: 0, cacheHits: 0, counts: new Uint16Array(BUCKETS) };
        minutes[slot] = found;
      }
      if (kind === 'question') found.questions++;
      else found.searches++;
      if (cached) found.cacheHits++;
      const bucket = bucketOf(ms);
      found.counts[bucket] = Math.min((found.counts[bucket] as number) + 1, 0xffff);
    },
    of(userId) {
      const minutes = users.get(userId) ?? [];
      const newest = minuteNow();
      const all = new Uint32Array(BUCKETS);
      const sums = { questions: 0, searches: 0, cacheHits: 0 };
      const points = Array.from({ length: MINUTES }, (_, i) => {
        const minute = newest - MINUTES + 1 + i;
        const at = new Date(minute * MINUTE_MS).toISOString();
        const found = minutes[minute % MINUTES];
        if (found?.minute !== minute) return { at, requests: 0, cacheHits: 0, p50Ms: 0, p95Ms: 0 };
        for (const count of ['questions', 'searches', 'cacheHits'] as const) sums[count] += found[count];
        for (let bucket = 0; bucket < BUCKETS; bucket++)
          all[bucket] = (all[bucket] as number) + (found.counts[bucket] as number);
        return {
          at,
          requests: found.questions + found.searches,
          cacheHits: found.cacheHits,
          ...middleAndTail(found.counts),
        };
      });
      return { ...sums, ...middleAndTail(all), minutes: points };
    },
  };
}

function middleAndTail(counts: Uint16Array | Uint32Array): { p50Ms: number; p95Ms: number } {
  const sums = Uint32Array.from(counts);
  const count = sums.reduce((a, b) => a + b, 0);
  return { p50Ms: percentileOf(sums, count, 0.5), p95Ms: percentileOf(sums, count, 0.95) };
}
