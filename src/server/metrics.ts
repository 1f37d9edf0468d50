/**
 * Counts and durations of this process, bounded in memory: every series holds histograms of the last minutes
 * and totals since the start. Recording is an array increment.
 */
export interface Metrics {
  /** The series of one route, for example `GET /api/v1/documents/:id`. */
  route(name: string): Series;
  /** The series of one stage of work, for example `embed` or `parse`. */
  stage(name: string): Series;
  /** A value that is read when somebody asks. Prometheus names: `ka_…`, with the unit at the end. */
  gauge(name: string, help: string, read: () => number): void;
  counter(name: string, help: string): { add(n?: number): void };
  /** Durations of the last `windowSeconds`; routes and stages that had none are left out. */
  report(): MetricsReport;
  /** Prometheus text format 0.0.4. */
  prometheus(): string;
}

export interface Series {
  record(durationMs: number, failed?: boolean): void;
}

export interface MetricsReport {
  readonly windowSeconds: number;
  readonly routes: SeriesReport[];
  readonly stages: SeriesReport[];
}

export interface SeriesReport {
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

const SLOT_MS = 60_000;
/** The window is the running minute and the four before it. */
const SLOTS = 5;
/** Eight buckets to a doubling: a percentile is at most 4.5 % off. */
const PER_DOUBLING = 8;
/** From 2^-5 ms (31 µs) to 2^17 ms (131 s). */
const LOWEST = -5;
const BUCKETS = 22 * PER_DOUBLING;

/** @param now milliseconds that never go back. */
export function createMetrics(now: () => number = () => performance.now()): Metrics {
  const routes = new Map<string, Histogram>();
  const stages = new Map<string, Histogram>();
  const gauges = new Map<string, { help: string; read: () => number }>();
  const counters = new Map<string, { help: string; value: number }>();
  const series = (all: Map<string, Histogram>, name: string) => {
    const found = all.get(name) ?? new Histogram(now);
    all.set(name, found);
    return found;
  };
  const reports = (all: Map<string, Histogram>) =>
    [...all].map(([name, histogram]) => ({ name, ...histogram.report() })).filter(({ count }) => count > 0);
  return {
    route: (name) => series(routes, name),
    stage: (name) => series(stages, name),
    gauge: (name, help, read) => void gauges.set(name, { help, read }),
    counter(name, help) {
      const counter = { help, value: 0 };
      counters.set(name, counter);
      return {
        add(n = 1) {
          counter.value += n;
        },
      };
    },
    report: () => ({
      windowSeconds: (SLOTS * SLOT_MS) / 1000,
      routes: reports(routes),
      stages: reports(stages),
    }),
    prometheus: () =>
      [
        histogramText('ka_http_request_duration_seconds', 'Time to answer requests', 'route', routes),
        histogramText('ka_stage_duration_seconds', 'Time that stages of the work took', 'stage', stages),
        ...[...gauges].map(
          ([name, { help, read }]) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${read()}\n`,
        ),
        ...[...counters].map(
          ([name, { help, value }]) => `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} ${value}\n`,
        ),
      ].join(''),
  };
}

class Histogram implements Series {
  readonly #now: () => number;
  /** SLOTS × BUCKETS. */
  readonly #recent = new Uint32Array(SLOTS * BUCKETS);
  readonly #recentErrors = new Uint32Array(SLOTS);
  readonly #slotTimes = new Float64Array(SLOTS).fill(-1);
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
    if (this.#slotTimes[slot] !== time) {
      this.#slotTimes[slot] = time;
      this.#recentErrors[slot] = 0;
      this.#recent.fill(0, slot * BUCKETS, (slot + 1) * BUCKETS);
    }
    return slot;
  }

  report(): Omit<SeriesReport, 'name'> {
    const oldest = Math.floor(this.#now() / SLOT_MS) - SLOTS + 1;
    const sums = new Uint32Array(BUCKETS);
    let errors = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      if ((this.#slotTimes[slot] as number) < oldest) continue;
      errors += this.#recentErrors[slot] as number;
      for (let b = 0; b < BUCKETS; b++)
        sums[b] = (sums[b] as number) + (this.#recent[slot * BUCKETS + b] as number);
    }
    const count = sums.reduce((a, b) => a + b, 0);
    const percentile = (share: number) => {
      let left = Math.ceil(count * share);
      const bucket = sums.findIndex((n) => {
        left -= n;
        return left <= 0;
      });
      return count === 0 ? 0 : Math.round(middleOf(bucket) * 1000) / 1000;
    };
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

function bucketOf(durationMs: number): number {
  const at = Math.floor((Math.log2(durationMs) - LOWEST) * PER_DOUBLING);
  return at >= BUCKETS ? BUCKETS - 1 : Math.max(at, 0);
}

const middleOf = (bucket: number): number => 2 ** (LOWEST + (bucket + 0.5) / PER_DOUBLING);

function histogramText(name: string, help: string, label: string, all: Map<string, Histogram>): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  const failed = [
    `# HELP ${name}_errors_total ${help}: how many failed`,
    `# TYPE ${name}_errors_total counter`,
  ];
  for (const [value, histogram] of all) {
    const { counts, count, sumMs, errors } = histogram.totals();
    if (count === 0) continue;
    const tag = `${label}="${value.replaceAll(/["\\\n]/g, '_')}"`;
    for (const bucket of counts)
      lines.push(`${name}_bucket{${tag},le="${bucket.upToMs / 1000}"} ${bucket.count}`);
    lines.push(
      `${name}_bucket{${tag},le="+Inf"} ${count}`,
      `${name}_sum{${tag}} ${sumMs / 1000}`,
      `${name}_count{${tag}} ${count}`,
    );
    failed.push(`${name}_errors_total{${tag}} ${errors}`);
  }
  return `${[...lines, ...failed].join('\n')}\n`;
}
