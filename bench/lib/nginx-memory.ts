import { globSync } from 'node:fs';
import { join } from 'node:path';
import { startNginx } from '../../test/support/nginx.ts';
import { measureTree } from './process-tree.ts';

const WEB_DIR = join(import.meta.dirname, '..', '..', 'dist', 'web');
const REQUESTS = 1_000;
const AT_ONCE = 20;

/**
 * Resident bytes of nginx as `deploy/nginx` starts it, its master and workers summed (what they share counts for each),
 * after a thousand requests for the web app's page, its largest files and the API.
 *
 * @param path of nginx.
 * @param api  `host:port` of the API behind it.
 */
export async function measureNginxMemory(path: string, api: string) {
  const nginx = await startNginx(path, {
    API_SERVERS: api,
    WEB_DIR,
    RATE_PER_SECOND: '10000',
    RATE_BURST: '10000',
  });
  try {
    const scripts = globSync('assets/*.js', { cwd: WEB_DIR }).map((name) => `/${name}`);
    const addresses = ['/', '/api/v1/config', '/icon.svg', ...scripts];
    let failed = 0;
    for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
      const some = Array.from(
        { length: AT_ONCE },
        (_, at) => addresses[(sent + at) % addresses.length] as string,
      );
      const statuses = await Promise.all(
        some.map(async (address) => {
          const answer = await fetch(nginx.url + address, { headers: { accept: 'text/html,*/*' } });
          await answer.arrayBuffer();
          return answer.status;
        }),
      );
      failed += statuses.filter((status) => status !== 200).length;
    }
    const { rssBytes, processes } = measureTree(nginx.pid);
    return { rssBytes, workers: processes - 1, requests: REQUESTS, failed };
  } finally {
    await nginx.close();
  }
}
