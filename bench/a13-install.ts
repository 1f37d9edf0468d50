import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Bench, round } from './lib/row.ts';
import { freePort } from './lib/server.ts';

/** `npm ci && npm start` in a fresh clone, to the login page. */
export const bench: Bench = {
  id: 'A13',
  async run({ log }) {
    const folder = await mkdtemp(join(tmpdir(), 'ka-install-'));
    const port = await freePort();
    try {
      execFileSync('git', [
        'clone',
        '--quiet',
        '--depth',
        '1',
        `file://${dirname(import.meta.dirname)}`,
        join(folder, 'app'),
      ]);
      const begun = performance.now();
      const child = spawn('sh', ['-c', 'npm ci --no-audit --no-fund --prefer-offline && exec npm start'], {
        cwd: join(folder, 'app'),
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
        // a user's shell: without the pinned runtime of this checkout in front
        env: {
          ...process.env,
          PATH: outerPath(),
          KA_TUNED: '',
          PORT: String(port),
          METRICS_PORT: String(await freePort()),
        },
      });
      let complaints = '';
      child.stderr.on('data', (part: Buffer) => {
        complaints = (complaints + part.toString()).slice(-2000);
      });
      let over = false;
      child.once('exit', () => {
        over = true;
      });
      const compiled = () => /gyp|make\[|g\+\+/.test(complaints);
      try {
        for (;;) {
          if (over) throw new Error(`the start ended early: ${complaints}`);
          if (performance.now() - begun > 300_000)
            throw new Error(`no login page within 300 s: ${complaints}`);
          try {
            const page = await fetch(`http://127.0.0.1:${port}/`);
            if (page.ok && (await page.text()).includes('Knowledge Assistant')) break;
          } catch {
            // not yet
          }
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      } finally {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      }
      const seconds = (performance.now() - begun) / 1000;
      log(`${round(seconds, 1)} s`);
      return [
        {
          id: 'A13',
          name: 'npm ci && npm start to the login page',
          target: '< 90 s',
          figure: round(seconds, 1),
          unit: 's',
          ok: seconds < 90 && !compiled(),
          detail: compiled()
            ? 'something was compiled'
            : 'fresh clone, package cache as it was, nothing compiled',
        },
      ];
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

const outerPath = () =>
  (process.env['PATH'] ?? '')
    .split(':')
    .filter((part) => !part.includes('node_modules'))
    .join(':');
