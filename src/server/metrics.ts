import { Histogram, SLOT_MS, SLOTS, type Summary } from './histogram.ts';

/**
 * Counts and durations of this process, bounded in memory: every series holds histograms of the last minutes
 * and totals since the start. Recording is an array increment.
 */
export interface Metrics {
  /** The series of one route, for example `GET /api/v1/documents/:id`. */
  route(name: string): Series;
  /** The series of one stage of work, for example `embed` or `parse`. */
  stage(name: string): Series;
  /**
   * A value that is read when somebody asks; with a `label`, one for each of its values. Prometheus names: `ka_…`,
   * with the unit at the end. A reading that fails or takes longer than a second is left out.
   */
  gauge(name: string, help: string, read: Reading, label?: string): void;
  /** The same for what is counted elsewhere and only grows. Names end in `_total`. */
  total(name: string, help: string, read: Reading, label?: string): void;
  counter(name: string, help: string): { add(n?: number): void };
  /** A counter for each of the `values` that `label` can have. */
  counters<V extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly V[],
  ): { add(value: V, n?: number): void };
  /** Durations of the last `windowSeconds`; routes and stages that had none are left out. */
  report(): Omit<MetricsReport, 'history'>;
  /** The last hour of one route or stage, of all requests when `name` is none of them, minute by minute. */
  history(name?: string): MetricsReport['history'];
  /** Prometheus text format 0.0.4. */
  prometheus(): Promise<string>;
}

type Values = number | Readonly<Record<string, number>>;
type Reading = () => Values | Promise<Values>;

export interface Series {
  record(durationMs: number, failed?: boolean): void;
}

export interface MetricsReport {
  readonly windowSeconds: number;
  readonly routes: SeriesReport[];
  readonly stages: SeriesReport[];
  readonly history: { name: string; stepSeconds: number; points: ({ at: string } & Summary)[] };
}

export interface SeriesReport extends Summary {
  readonly name: string;
}

/** The name of the history of all requests. */
const ALL = 'all';
/** Prometheus gives up after ten seconds; one slow reading must not cost the others. */
const READING_MS = 1000;

interface Metric {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly label: string | undefined;
  readonly read: Reading;
}

/** @param now milliseconds that never go back. */
export function createMetrics(now: () => number = () => performance.now()): Metrics {
  const routes = new Map<string, Histogram>();
  const stages = new Map<string, Histogram>();
  const requests = new Histogram(now);
  const values = new Map<string, Metric>();
  const read = (type: Metric['type']) => (name: string, help: string, reading: Reading, label?: string) =>
    void values.set(name, { type, help, label, read: reading });
  const series = (all: Map<string, Histogram>, name: string) => {
    const found = all.get(name) ?? new Histogram(now);
    all.set(name, found);
    return found;
  };
  const reports = (all: Map<string, Histogram>) =>
    [...all].map(([name, histogram]) => ({ name, ...histogram.report() })).filter(({ count }) => count > 0);
  return {
    route(name) {
      const own = series(routes, name);
      return {
        record(durationMs, failed) {
          own.record(durationMs, failed);
          requests.record(durationMs, failed);
        },
      };
    },
    stage: (name) => series(stages, name),
    gauge: read('gauge'),
    total: read('counter'),
    counter(name, help) {
      let value = 0;
      values.set(name, { type: 'counter', help, label: undefined, read: () => value });
      return {
        add(n = 1) {
          value += n;
        },
      };
    },
    counters(name, help, label, all) {
      const counts = Object.fromEntries(all.map((value) => [value, 0]));
      values.set(name, { type: 'counter', help, label, read: () => counts });
      return {
        add(value, n = 1) {
          counts[value] = (counts[value] ?? 0) + n;
        },
      };
    },
    report: () => ({
      windowSeconds: (SLOTS * SLOT_MS) / 1000,
      routes: reports(routes),
      stages: reports(stages),
    }),
    history(name = ALL) {
      const found = routes.get(name) ?? stages.get(name);
      const nowMs = Date.now();
      return {
        name: found === undefined ? ALL : name,
        stepSeconds: SLOT_MS / 1000,
        points: (found ?? requests).history().map(({ minutesAgo, ...summary }) => ({
          at: new Date(Math.floor(nowMs / SLOT_MS - minutesAgo) * SLOT_MS).toISOString(),
          ...summary,
        })),
      };
    },
    async prometheus() {
      const texts = await Promise.all([...values].map(([name, metric]) => metricText(name, metric)));
      return [
        histogramText('ka_http_request_duration_seconds', 'Time to answer requests', 'route', routes),
        histogramText('ka_stage_duration_seconds', 'Time that stages of the work took', 'stage', stages),
        ...texts,
      ].join('');
    },
  };
}

async function metricText(name: string, { type, help, label, read }: Metric): Promise<string> {
  const value = await withinTime(read).catch(() => undefined);
  if (value === undefined) return '';
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  if (typeof value === 'number') lines.push(`${name} ${value}`);
  else for (const [of, n] of Object.entries(value)) lines.push(`${name}{${label}="${escaped(of)}"} ${n}`);
  return `${lines.join('\n')}\n`;
}

async function withinTime(read: Reading): Promise<Values | undefined> {
  const value = read();
  if (!(value instanceof Promise)) return value;
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, READING_MS, undefined);
  });
  return Promise.race([value, silence]).finally(() => clearTimeout(timer));
}

const escaped = (text: string): string => text.replaceAll(/["\\\n]/g, '_');

function histogramText(name: string, help: string, label: string, all: Map<string, Histogram>): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  const failed = [
    `# HELP ${name}_errors_total ${help}: how many failed`,
    `# TYPE ${name}_errors_total counter`,
  ];
  for (const [value, histogram] of all) {
    const { counts, count, sumMs, errors } = histogram.totals();
    if (count === 0) continue;
    const tag = `${label}="${escaped(value)}"`;
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
