#!/usr/bin/env node
// Starts the built program under the right runtime and flags. Plain JavaScript that old versions of Node can read.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(
    `Knowledge Assistant needs Node 22.13 or newer and this is ${process.versions.node}: run \`npm ci\`, which brings the pinned one, then \`npm start\` or \`npx ka\`.`,
  );
  process.exit(1);
}

if (mustBuild()) {
  const result = spawnSync(process.execPath, [join(root, 'scripts', 'build.ts')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) process.exit(1);
}

const serving = ['serve', 'worker'].includes(process.argv[2] ?? '');
const cli = join(root, 'dist', 'server', 'cli.js');
if (serving && process.env.KA_TUNED !== '1' && typeof process.execve === 'function') {
  // Resident memory (bench A7): a small young generation and an early mmap threshold take 13 MB off the start, two
  // malloc arenas 9 MB off the rest after an ingest. A heap that grows by at most 40 % between two collections takes
  // 6 % more of the processor and 79 MB off the peak of a soak (bench/soak.ts, 9,000 requests: 496 against 417 MB). All
  // can only be set before a process starts, so it replaces itself.
  process.removeAllListeners('warning');
  process.on('warning', () => {});
  process.execve(
    process.execPath,
    [
      process.execPath,
      '--max-semi-space-size=1',
      '--heap-growing-percent=40',
      '--disable-warning=ExperimentalWarning',
      cli,
      ...process.argv.slice(2),
    ],
    { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072', ...process.env, KA_TUNED: '1' },
  );
}
await import(cli);

/** True in a checkout whose sources are newer than what was built from them, or where nothing is built. */
function mustBuild() {
  const sources = join(root, 'src');
  if (!existsSync(sources)) return false;
  try {
    const { newestMs } = JSON.parse(readFileSync(join(root, 'dist', 'built.json'), 'utf8'));
    return newest(sources) > newestMs;
  } catch {
    return true;
  }
}

function newest(folder) {
  let newestMs = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    // what tools keep there changes with every build
    if (join(entry.parentPath, entry.name).slice(folder.length).includes('node_modules')) continue;
    newestMs = Math.max(newestMs, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return newestMs;
}
