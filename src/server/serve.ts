import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, openInstallation } from './app.ts';
import type { Config } from './config.ts';
import { createMetricsServer } from './http/metrics-server.ts';
import { createMetrics } from './metrics.ts';

/** All of the shutdown, jobs handed back included, ends within this time. */
const SHUTDOWN_MS = 9500;
const DRAIN_REQUESTS_MS = 4000;

/** `ka serve`: everything in one process, until it is told to end. Resolves after a graceful shutdown. */
export async function serve(config: Config): Promise<void> {
  const installation = openInstallation(config);
  const { log } = installation;
  const metrics = createMetrics();
  const server = await createServer(installation, metrics).catch(async (error: unknown) => {
    // running threads would keep the process alive
    await installation.close();
    throw error;
  });
  const metricsServer = createMetricsServer(metrics);
  const told = toldToEnd();
  try {
    const address = await server.listen();
    metricsServer.listen(config.listen.metricsPort, config.listen.host);
    await once(metricsServer, 'listening');
    await installation.ready;
    log.info('ready', {
      address,
      metricsPort: (metricsServer.address() as AddressInfo).port,
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
    await server.drain(DRAIN_REQUESTS_MS);
    metricsServer.close();
    await installation.close();
  }
}

function toldToEnd(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

/** `ka worker`: takes jobs and nothing else, until it is told to end. */
export async function work(config: Config): Promise<void> {
  const installation = openInstallation(config);
  const told = toldToEnd();
  try {
    await installation.ready;
    installation.log.info('working', { dataDir: config.dataDir });
    installation.log.info('ending', { signal: await told });
  } finally {
    await installation.close();
  }
}
