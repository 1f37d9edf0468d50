export const SLOT_MS = 60_000;
/** The window is the running minute and the four before it. */
export const SLOTS = 5;
/** An hour of minutes. */
const HISTORY_SLOTS = 60;
/** Eight buckets to a doubling: a percentile is at most 4.5 % off. */
export const PER_DOUBLING = 8;
/** From 2^-5 ms (31 µs) to 2^17 ms (131 s). */
export const LOWEST = -5;
export const BUCKETS = 22 * PER_DOUBLING;

const NOTHING: Summary = { count: 0, errors: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 };

export interface Summary {
  readonly count: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/**
 * Durations in logarithmic buckets: of the last minutes, of which percentiles are made, and of all time. Minutes that
 * leave the window are kept as five numbers each for an hour. Takes 8 kB.
 */
export class Histogram {
  readonly #now: () => number;
  /** SLOTS × BUCKETS. */
  readonly #recent = new Uint32Array(SLOTS * BUCKETS);
  readonly #recentErrors = new Uint32Array(SLOTS);
  readonly #slotTimes = new Float64Array(SLOTS).fill(-1);
  /** Summaries of the minutes of the last hour that left the window, by minute. */
  readonly #past: ({ readonly time: number; readonly summary: Summary } | undefined)[] = [];
  readonly #ever = new Float64Array(BUCKETS);
  #everErrors = 0;
  #everMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  record(durationMs: number, failed = false): void {
    const bucket = bucketOf(durationMs);
    const slot = this.#slot(Math.floor(this.#now() / SLOT_MS));
    const at = slot * BUCKETS + bucket;
    this.#recent[at] = (this.#recent[at] as number) + 1;
    this.#ever[bucket] = (this.#ever[bucket] as number) + 1;
    this.#everMs += durationMs;
    if (failed) {
      this.#recentErrors[slot] = (this.#recentErrors[slot] as number) + 1;
      this.#everErrors++;
    }
  }

  #slot(time: number): number {
    const slot = time % SLOTS;
    const before = this.#slotTimes[slot] as number;
    if (before !== time) {
      if (before >= 0) this.#past[before % HISTORY_SLOTS] = { time: before, summary: this.#summary([slot]) };
      this.#slotTimes[slot] = time;
      this.#recentErrors[slot] = 0;
      this.#recent.fill(0, slot * BUCKETS, (slot + 1) * BUCKETS);
    }
    return slot;
  }

  /** Of the last `SLOTS` minutes. */
  report(): Summary {
    const oldest = Math.floor(this.#now() / SLOT_MS) - SLOTS + 1;
    return this.#summary(
      [...this.#slotTimes.keys()].filter((slot) => (this.#slotTimes[slot] as number) >= oldest),
    );
  }

  /** The last hour minute by minute, oldest first; minutes without anything too. */
  history(): ({ readonly minutesAgo: number } & Summary)[] {
    const newest = Math.floor(this.#now() / SLOT_MS);
    return Array.from({ length: HISTORY_SLOTS }, (_, i) => {
      const minutesAgo = HISTORY_SLOTS - 1 - i;
      const time = newest - minutesAgo;
      const past = time < 0 ? undefined : this.#past[time % HISTORY_SLOTS];
      const slot = time < 0 ? -1 : this.#slotTimes.indexOf(time);
      const summary = slot >= 0 ? this.#summary([slot]) : past?.time === time ? past.summary : NOTHING;
      return { minutesAgo, ...summary };
    });
  }

  #summary(slots: readonly number[]): Summary {
    const sums = new Uint32Array(BUCKETS);
    let errors = 0;
    for (const slot of slots) {
      errors += this.#recentErrors[slot] as number;
      for (let b = 0; b < BUCKETS; b++)
        sums[b] = (sums[b] as number) + (this.#recent[slot * BUCKETS + b] as number);
    }
    const count = sums.reduce((a, b) => a + b, 0);
    const percentile = (share: number) => percentileOf(sums, count, share);
    return { count, errors, p50Ms: percentile(0.5), p95Ms: percentile(0.95), p99Ms: percentile(0.99) };
  }

  /** Cumulative counts at each doubling, and the sums. */
  totals(): { counts: { upToMs: number; count: number }[]; count: number; sumMs: number; errors: number } {
    const counts: { upToMs: number; count: number }[] = [];
    let count = 0;
    for (let b = 0; b < BUCKETS; b++) {
      count += this.#ever[b] as number;
      if ((b + 1) % PER_DOUBLING === 0)
        counts.push({ upToMs: 2 ** (LOWEST + (b + 1) / PER_DOUBLING), count });
    }
    return { counts, count, sumMs: this.#everMs, errors: this.#everErrors };
  }
}

/** From 0 to `BUCKETS` - 1. */
export function bucketOf(durationMs: number): number {
  const at = Math.floor((Math.log2(durationMs) - LOWEST) * PER_DOUBLING);
  return at >= BUCKETS ? BUCKETS - 1 : Math.max(at, 0);
}

const middleOf = (bucket: number): number => 2 ** (LOWEST + (bucket + 0.5) / PER_DOUBLING);

/** @param counts by bucket, `count` in all. @returns milliseconds, 0 of nothing. */
export function percentileOf(counts: Uint32Array, count: number, share: number): number {
  let left = Math.ceil(count * share);
  const bucket = counts.findIndex((n) => {
    left -= n;
    return left <= 0;
  });
  return count === 0 ? 0 : Math.round(middleOf(bucket) * 1000) / 1000;
}
