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
  /** A value that is read when somebody asks. Prometheus names: `ka_…`, with the unit at the end. */
  gauge(name: string, help: string, read: () => number): void;
  counter(name: string, help: string): { add(n?: number): void };
  /** Durations of the last `windowSeconds`; routes and stages that had none are left out. */
  report(): Omit<MetricsReport, 'history'>;
  /** The last hour of one route or stage, of all requests when `name` is none of them, minute by minute. */
  history(name?: string): MetricsReport['history'];
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
  readonly history: { name: string; stepSeconds: number; points: ({ at: string } & Summary)[] };
}

export interface SeriesReport extends Summary {
  readonly name: string;
}

/** The name of the history of all requests. */
const ALL = 'all';

/** @param now milliseconds that never go back. */
export function createMetrics(now: () => number = () => performance.now()): Metrics {
  const routes = new Map<string, Histogram>();
  const stages = new Map<string, Histogram>();
  const requests = new Histogram(now);
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
