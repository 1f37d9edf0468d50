import cluster, { type Worker } from 'node:cluster';
import type { Config } from './config.ts';
import { createLog, type Log } from './log.ts';
import { mergePrometheus } from './merge-prometheus.ts';
import type { Metrics } from './metrics.ts';
import { listenForMetrics, serve, toldToEnd } from './serve.ts';

/** Between the process that a command began and those that serve. */
type ToServing = { readonly metrics: number };
type FromServing = { readonly ready: true } | { readonly metrics: number; readonly text: string };

/** A process that dies within this time is started again after half a second, one, two …, at most this long. */
const SETTLED_MS = 60_000;
const FIRST_PAUSE_MS = 500;
/** Prometheus gives up after ten seconds: one that does not answer is left out. */
const METRICS_MS = 2000;
/** A little more than one of them takes to end by itself. */
const SHUTDOWN_MS = 11_000;

/**
 * `ka serve` with WORKERS above 1: so many processes that share the port, and this one, which starts them again and adds
 * up their metrics. The first of them takes jobs too. They have nothing in common but the stores that the settings name.
 */
export async function serveMany(config: Config, workers: number): Promise<void> {
  if (cluster.isWorker) return serveOne(config, workers);
  // They take connections from the one socket by themselves. Were this process to hand them out, one that is handed to a
  // process in the moment of its death would be neither answered nor closed: its client waits for good.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const log = createLog(config.logLevel);
  const told = toldToEnd();
  const crew = startCrew(workers, log);
  const metricsServer = await listenForMetrics(config, crew, log, crew.isReady);
  try {
    await Promise.race([crew.firstReady, told]);
    log.info('ready', { workers });
    log.info('ending', { signal: await told });
  } finally {
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    await crew.end();
    metricsServer?.close();
  }
}

/** One of them: a share of the memory, no port for metrics. */
async function serveOne(config: Config, workers: number): Promise<void> {
  let metrics: Metrics | undefined;
  process.on('message', async ({ metrics: asked }: ToServing) => {
    const text = (await metrics?.prometheus()) ?? '';
    process.send?.({ metrics: asked, text } satisfies FromServing);
  });
  await serve(
    { ...config, memoryLimitBytes: Math.floor(config.memoryLimitBytes / workers) },
    {
      takesJobs: process.env['KA_TAKES_JOBS'] === '1',
      giveMetrics(own) {
        metrics = own;
        process.send?.({ ready: true } satisfies FromServing);
      },
    },
  );
  // the channel to the first process would keep this one alive
  process.disconnect?.();
}

function startCrew(workers: number, log: Log) {
  const serving = new Map<number, Worker>();
  const ready = new Set<number>();
  const replies = new Map<string, (text: string) => void>();
  const firstReady = Promise.withResolvers<void>();
  let ending = false;
  let asked = 0;

  function start(nth: number, deaths: number): void {
    const startedAt = performance.now();
    const worker = cluster.fork({ KA_TAKES_JOBS: nth === 1 ? '1' : '0' });
    serving.set(nth, worker);
    worker.on('message', (message: FromServing) => {
      if ('metrics' in message) return replies.get(`${nth} ${message.metrics}`)?.(message.text);
      ready.add(nth);
      firstReady.resolve();
    });
    worker.once('exit', (code, signal) => {
      serving.delete(nth);
      ready.delete(nth);
      if (ending) return;
      const soon = performance.now() - startedAt < SETTLED_MS ? deaths + 1 : 1;
      const pauseMs = Math.min(SETTLED_MS, FIRST_PAUSE_MS * 2 ** (soon - 1));
      log.error('a process that serves has ended: another takes its place', {
        worker: nth,
        code,
        signal,
        pauseMs,
      });
      setTimeout(() => !ending && start(nth, soon), pauseMs);
    });
  }
  for (let nth = 1; nth <= workers; nth++) start(nth, 0);

  const ask = (nth: number, worker: Worker): Promise<string> =>
    new Promise((resolve) => {
      const number = asked++;
      const key = `${nth} ${number}`;
      const timer = setTimeout(done, METRICS_MS, '');
      function done(text: string) {
        clearTimeout(timer);
        replies.delete(key);
        resolve(text);
      }
      replies.set(key, done);
      worker.send({ metrics: number } satisfies ToServing, (error) => error && done(''));
    });

  return {
    firstReady: firstReady.promise,
    /** While one serves, the port is answered. */
    isReady: () => ready.size > 0 && !ending,
    async prometheus(): Promise<string> {
      const texts = await Promise.all(
        [...serving].map(async ([nth, worker]) => [String(nth), await ask(nth, worker)] as const),
      );
      return mergePrometheus(new Map(texts), 'worker');
    },
    /** Tells all of them to end, and waits for it. */
    async end(): Promise<void> {
      ending = true;
      await Promise.all(
        [...serving.values()].map(
          (worker) =>
            new Promise<void>((resolve) => {
              worker.once('exit', () => resolve());
              worker.process.kill('SIGTERM');
            }),
        ),
      );
    },
  };
}
