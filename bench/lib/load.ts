import { fork } from 'node:child_process';
import { join } from 'node:path';
import { measureTree } from './process-tree.ts';
import { percentile } from './row.ts';
import type { BenchServer } from './server.ts';

/** One request. */
export interface Shot {
  /** Latencies are kept apart by kind. */
  readonly kind: string;
  /** Number of the user whose token it carries. */
  readonly user: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

export interface LoadPlan {
  readonly port: number;
  readonly tokens: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Open loop at this rate; absent: closed loop, every connection as fast as it is answered. */
  readonly perSecond?: number;
  /** Sent in order, and again from the first one. */
  readonly shots: readonly Shot[];
}

export interface LoadReport {
  tookMs: number;
  /** CPU of the generator itself. */
  ownCpuMs: number;
  kinds: Record<string, { latenciesMs: number[]; statuses: Record<string, number>; cached: number }>;
}

export interface Load extends LoadReport {
  readonly requests: number;
  /** Answers that were no 2xx, and connections that broke. */
  readonly errors: number;
  readonly perSecond: number;
  /** CPU of the server's whole process tree. */
  readonly serverCpuMs: number;
  /** Of the tree, as a share of one core, in the busiest second. */
  readonly peakCpuShare: number;
  /** Over all kinds, or one. */
  latency(share: number, kind?: string): number;
}

/** Runs a plan against the server from another process, and measures what the server takes meanwhile. */
export async function runLoad(server: BenchServer, plan: Omit<LoadPlan, 'port'>): Promise<Load> {
  const child = fork(join(import.meta.dirname, 'load-generator.ts'), [], {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const ended = new Promise<never>((_, reject) =>
    child.once('exit', (code) => reject(new Error(`the load generator ended early with ${code}`))),
  );
  ended.catch(() => {});
  const reported = new Promise<LoadReport>((resolve) => child.once('message', resolve as never));
  const before = measureTree(server.pid).cpuMs;
  const shares: number[] = [];
  let last = { at: performance.now(), cpuMs: before };
  const sampling = setInterval(() => {
    const next = { at: performance.now(), cpuMs: measureTree(server.pid).cpuMs };
    shares.push((next.cpuMs - last.cpuMs) / (next.at - last.at));
    last = next;
  }, 1000);
  try {
    child.send({ ...plan, port: Number(new URL(server.url).port) } satisfies LoadPlan);
    const report = await Promise.race([reported, ended]);
    const serverCpuMs = measureTree(server.pid).cpuMs - before;
    const kinds = Object.values(report.kinds);
    const requests = kinds.reduce((sum, { latenciesMs }) => sum + latenciesMs.length, 0);
    const good = kinds.reduce(
      (sum, { statuses }) =>
        sum + Object.entries(statuses).reduce((of, [status, n]) => of + (/^2/.test(status) ? n : 0), 0),
      0,
    );
    return {
      ...report,
      requests,
      errors: requests - good,
      perSecond: (requests / report.tookMs) * 1000,
      serverCpuMs,
      peakCpuShare: Math.max(0, ...shares),
      latency: (share, kind) =>
        percentile(
          kind === undefined
            ? kinds.flatMap(({ latenciesMs }) => latenciesMs)
            : (report.kinds[kind]?.latenciesMs ?? []),
          share,
        ),
    };
  } finally {
    clearInterval(sampling);
    child.kill();
  }
}
