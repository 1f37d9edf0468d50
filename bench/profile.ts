import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeInstallation } from './lib/installation.ts';
import { runLoad, type Shot } from './lib/load.ts';
import { summariseProfiles } from './lib/profile-summary.ts';
import { startServer } from './lib/server.ts';
import { mixedShots, question } from './lib/shots.ts';

/**
 * `node bench/profile.ts --only search` (or `list`, `search-again`, `ask`, `ask-again`, `mixed`): CPU profiles of the server and its threads under one kind of request,
 * and what stands out in them. The files open in a browser's developer tools.
 */
const { values } = parseArgs({
  options: { only: { type: 'string', default: 'search' }, seconds: { type: 'string', default: '8' } },
});
const installation = await makeInstallation(10_000);
const { tokens, words } = installation;
const post = (path: string, body: unknown): Shot => ({
  kind: values.only,
  user: 0,
  method: 'POST',
  path,
  body,
});
const SHOTS: Record<string, () => Shot[]> = {
  list: () => [{ kind: 'list', user: 0, method: 'GET', path: '/api/v1/documents?limit=20' }],
  'search-again': () => [post('/api/v1/search', { query: question(words, 1), limit: 10 })],
  search: () =>
    Array.from({ length: 20_000 }, (_, n) =>
      post('/api/v1/search', { query: question(words, n), limit: 10 }),
    ),
  'ask-again': () => [post('/api/v1/query', { query: question(words, 1) })],
  mixed: () => mixedShots(200 * Number(values.seconds), { users: 1, words, from: 0 }),
  ask: () => Array.from({ length: 20_000 }, (_, n) => post('/api/v1/query', { query: question(words, n) })),
};
const shots = SHOTS[values.only]?.();
if (shots === undefined) throw new Error(`--only takes one of: ${Object.keys(SHOTS).join(', ')}`);
const folder = mkdtempSync(join(tmpdir(), 'ka-profile-'));
const server = await startServer({
  dataDir: installation.dataDir,
  env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` },
});
const load = await runLoad(server, {
  tokens,
  connections: 8,
  seconds: Number(values.seconds),
  shots,
  // what people do comes at its own rate
  ...(values.only === 'mixed' ? { perSecond: 200 } : {}),
});
await server.stop();
await installation.remove();
console.log(
  `${load.perSecond.toFixed(0)}/s, ${(load.serverCpuMs / load.requests).toFixed(2)} ms CPU a request, ${load.errors} errors; ${folder}`,
);
console.log(summariseProfiles(folder).join('\n'));
