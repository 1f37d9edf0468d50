import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Bench, type Row, round } from './lib/row.ts';

const root = dirname(import.meta.dirname);
const MB = 1024 * 1024;

/** Bytes of what an installation needs to run, without Node itself: a fresh production install and the build. */
export const bench: Bench = {
  id: 'A11',
  async run({ log }) {
    const folder = await mkdtemp(join(tmpdir(), 'ka-size-'));
    try {
      for (const file of ['package.json', 'package-lock.json', '.npmrc'])
        if (existsSync(join(root, file))) cpSync(join(root, file), join(folder, file));
      execFileSync(
        'npm',
        ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'],
        { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
      );
      const packages = bytesOf(join(folder, 'node_modules'));
      const built = bytesOf(join(root, 'dist'));
      const model = bytesOf(join(root, 'build', 'model'));
      const web = bytesOf(join(root, 'dist', 'web'));
      const largest = readdirSync(join(folder, 'node_modules'))
        .map((name) => ({ name, bytes: bytesOf(join(folder, 'node_modules', name)) }))
        .sort((a, b) => b.bytes - a.bytes)
        .slice(0, 3);
      log(largest.map(({ name, bytes }) => `${name} ${round(bytes / MB, 1)} MB`).join(', '));
      const row = (name: string, bytes: number, targetMb: number, detail: string): Row => ({
        id: 'A11',
        name,
        target: `< ${targetMb} MB`,
        figure: round(bytes / MB, 1),
        unit: 'MB',
        ok: bytes > 0 && bytes < targetMb * MB,
        detail,
      });
      return [
        row(
          'production tree',
          packages + built + model,
          120,
          `node_modules ${round(packages / MB, 1)} MB (${largest.map(({ name, bytes }) => `${name} ${round(bytes / MB, 1)}`).join(', ')}), built ${round(built / MB, 1)} MB, model ${round(model / MB, 1)} MB; as npm installs it, nothing pruned`,
        ),
        row('web assets', web, 3, 'everything under the built web app, compressed copies included'),
      ];
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

function bytesOf(path: string): number {
  if (!existsSync(path)) return 0;
  const entry = lstatSync(path);
  if (!entry.isDirectory()) return entry.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}
