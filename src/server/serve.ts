import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, openInstallation } from './app.ts';
import type { Config } from './config.ts';
import { createMetricsServer, type MetricsSource } from './http/metrics-server.ts';
import { watchInstallation } from './installation-metrics.ts';
import { createLog, type Log } from './log.ts';
import { readProcessTree } from './memory/process-tree.ts';
import { watchMemory } from './memory/watch-memory.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { traceTo } from './threads/trace-to.ts';
import { version } from './version.ts';
import { watchProcess } from './watch-process.ts';

/** All of the shutdown, jobs handed back included, ends within this time. */
const SHUTDOWN_MS = 9500;
const DRAIN_REQUESTS_MS = 4000;
/** What a proxy has sent on a connection that looked idle is read in this time, and not cut off with the connection. */
const LINGER_MS = 300;

export interface ServeOptions {
  /** False: other processes take the jobs. */
  readonly takesJobs?: boolean;
  /** Where the metrics go instead of a port of this process. */
  readonly giveMetrics?: (metrics: Metrics) => void;
}

/** `ka serve`: everything in one process, until it is told to end. Resolves after a graceful shutdown. */
export async function serve(
  config: Config,
  { takesJobs = true, giveMetrics }: ServeOptions = {},
): Promise<void> {
  const log = createLog(config.logLevel);
  const metrics = createMetrics();
  const endTracing = await traceTo(config.otlpEndpoint, (error) => log.warn('traces are lost', { error }));
  const memory = watchMemory({ limitBytes: config.memoryLimitBytes, read: () => readProcessTree(), log });
  const installation = await openInstallation(config, { log, memory, metrics, takesJobs });
  const server = await createServer(installation, metrics).catch(async (error: unknown) => {
    // running threads would keep the process alive
    await installation.close();
    throw error;
  });
  const told = toldToEnd();
  let metricsServer: Server | undefined;
  try {
    const address = await server.listen();
    if (giveMetrics === undefined) metricsServer = await listenForMetrics(config, metrics, log);
    else giveMetrics(metrics);
    await installation.ready;
    log.info('ready', {
      address,
      metricsPort: (metricsServer?.address() as AddressInfo | undefined)?.port,
      dataDir: config.dataDir,
    });
    if (process.stderr.isTTY) process.stderr.write(`\n  Knowledge Assistant is ready: ${address}\n\n`);
    installation
      .warmUp()
      .catch((error: unknown) =>
        log.error('embedding model unavailable: search goes by words alone', { error }),
      );
    log.info('ending', { signal: await told });
  } finally {
    // the last word: a thread that hangs must not keep a drained process alive
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    await server.drain(DRAIN_REQUESTS_MS, LINGER_MS);
    metricsServer?.close();
    memory.close();
    await installation.close();
    await endTracing();
  }
}

/** A port that is taken costs the metrics, not the service. */
export async function listenForMetrics(
  { listen }: Config,
  metrics: MetricsSource,
  log: Log,
  isReady?: () => boolean,
): Promise<Server | undefined> {
  const server = createMetricsServer(metrics, isReady);
  try {
    server.listen(listen.metricsPort, listen.host);
    await once(server, 'listening');
    return server;
  } catch (error) {
    log.error('metrics are not served: free the port, or set METRICS_PORT', {
      host: listen.host,
      metricsPort: listen.metricsPort,
      error,
    });
    return undefined;
  }
}

export function toldToEnd(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

/** `ka worker`: takes jobs and nothing else, until it is told to end; what runs then goes back to the queue. */
export async function work(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const metrics = createMetrics();
  const endTracing = await traceTo(config.otlpEndpoint, (error) => log.warn('traces are lost', { error }));
  const memory = watchMemory({ limitBytes: config.memoryLimitBytes, read: () => readProcessTree(), log });
  const installation = await openInstallation(config, { log, memory, metrics });
  watchInstallation(metrics, installation);
  watchProcess(metrics, { memory, version });
  const told = toldToEnd();
  let ready = false;
  let metricsServer: Server | undefined;
  try {
    metricsServer = await listenForMetrics(config, metrics, log, () => ready);
    await installation.ready;
    ready = true;
    log.info('working', {
      metricsPort: (metricsServer?.address() as AddressInfo | undefined)?.port,
      dataDir: config.dataDir,
    });
    log.info('ending', { signal: await told });
  } finally {
    ready = false;
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    memory.close();
    await installation.close();
    metricsServer?.close();
    await endTracing();
  }
}
