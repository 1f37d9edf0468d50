import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { measureNginxMemory } from './lib/nginx-memory.ts';
import { type Bench, round } from './lib/row.ts';
import { startServer } from './lib/server.ts';

const MB = 1024 * 1024;
const TARGET_MB = 64;

/** Memory of nginx with the web app, where nginx is installed. */
export const bench: Bench = {
  id: 'A11',
  async run({ log }) {
    const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
    const path = folders.map((folder) => join(folder, 'nginx')).find((file) => existsSync(file));
    if (path === undefined) {
      log('nginx is not installed: its memory is not measured');
      return [];
    }
    const server = await startServer({ env: { TRUST_PROXY: 'true' } });
    try {
      const { rssBytes, workers, requests, failed } = await measureNginxMemory(
        path,
        new URL(server.url).host,
      );
      return [
        {
          id: 'A11',
          name: 'nginx with the web app',
          target: `< ${TARGET_MB} MB`,
          figure: round(rssBytes / MB, 1),
          unit: 'MB RSS',
          ok: failed === 0 && rssBytes < TARGET_MB * MB,
          detail: `after ${requests} requests for the app's files and the API, ${failed} failed; master and ${workers} workers summed`,
        },
      ];
    } finally {
      await server.stop();
    }
  },
};
