import { parseArgs } from 'node:util';
import { makeInstallation } from './lib/installation.ts';
import { type Load, runLoad } from './lib/load.ts';
import { round } from './lib/row.ts';
import { startServer } from './lib/server.ts';
import { mixedShots, question } from './lib/shots.ts';

/**
 * One user asks far more than the machine can answer, while 99 others go on as usual: `node bench/flood.ts [--rate 300]
 * [--seconds 12]`. Fixed times, so that waiting shows. Exit code 1 when anybody but the one user was refused.
 */
const { values } = parseArgs({
  options: { rate: { type: 'string', default: '300' }, seconds: { type: 'string', default: '12' } },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);

const USERS = 100;
const QUIET_PER_SECOND = 50;
/** Enough for all that waits at the others' rate, and for 2 s of the flood. */
const CONNECTIONS = { quiet: 200, flood: 700 };

const { dataDir, tokens, words } = await makeInstallation(10_000, { users: USERS });
const server = await startServer({ dataDir });
try {
  const mixed = (count: number, from: number) => mixedShots(count, { users: USERS - 1, words, from });
  await runLoad(server, { tokens, connections: 8, perSecond: 40, seconds: 4, shots: mixed(160, 900_000) });
  const flood = Array.from({ length: rate * seconds }, (_, i) => ({
    kind: 'the flood: ask',
    user: USERS - 1,
    method: 'POST' as const,
    path: '/api/v1/query',
    body: { query: question(words, 2_000_000 + i) },
  }));
  const [others, one] = await Promise.all([
    runLoad(server, {
      tokens,
      connections: CONNECTIONS.quiet,
      perSecond: QUIET_PER_SECOND,
      seconds,
      shots: mixed(QUIET_PER_SECOND * seconds, 500_000),
    }),
    runLoad(server, { tokens, connections: CONNECTIONS.flood, perSecond: rate, seconds, shots: flood }),
  ]);
  console.table({ ...table(others), ...table(one) });
  const health = (await (await fetch(`${server.url}/health/detailed`)).json()) as {
    metrics: { admission: object };
  };
  console.log('admission', health.metrics.admission);
  if (others.errors > 0) process.exitCode = 1;
} finally {
  await server.stop();
}

function table(load: Load): Record<string, object> {
  return Object.fromEntries(
    Object.entries(load.kinds).map(([kind, { statuses }]) => [
      kind,
      { ...statuses, 'p50 ms': round(load.latency(0.5, kind)), 'p95 ms': round(load.latency(0.95, kind)) },
    ]),
  );
}
