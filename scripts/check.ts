import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { readWebBundle, sum } from './web-bundle.ts';

/** `npm run check`: everything that can be judged without running the program. Runs all, then says what failed. */
const root = dirname(import.meta.dirname);
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const script = (name: string) => [process.execPath, join(root, 'scripts', name)] as const;

const checks: readonly { readonly name: string; readonly run: () => void }[] = [
  { name: 'types', run: () => exec(bin('tsc'), '--build') },
  { name: 'types of tests, benchmarks and scripts', run: () => exec(bin('tsc'), '--project', 'test') },
  { name: 'lint and format', run: () => exec(bin('biome'), 'ci', '--error-on-warnings', '.') },
  { name: 'import rules', run: () => exec(bin('depcruise'), '--config', '.dependency-cruiser.cjs', 'src') },
  { name: 'unused code', run: () => exec(bin('knip')) },
  { name: 'generated: configuration', run: () => exec(...script('configuration-docs.ts'), '--check') },
  { name: 'generated: OpenAPI', run: () => exec(...script('openapi.ts'), '--check') },
  { name: 'generated: scan kernel', run: () => exec(...script('build-kernel.ts'), '--check') },
  { name: 'web bundle budget', run: checkBundle },
];

function exec(command: string, ...parameters: string[]): void {
  execFileSync(command, parameters, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** TARGETS A12 and A11: first load at most 130 kB of compressed JS and CSS, all assets at most 3 MB. */
function checkBundle(): void {
  const budgetBytes = 130_000;
  const assetBudgetBytes = 3_000_000;
  exec(bin('vite'), 'build', '--config', 'src/web/vite.config.ts', '--logLevel', 'warn');
  const { firstLoad, pages, assetBytes } = readWebBundle();
  const bytes = sum(firstLoad);
  console.log(`web: first load ${bytes} bytes by brotli, budget ${budgetBytes}; assets ${assetBytes} bytes`);
  if (bytes > budgetBytes) throw new Error('the first load is over its budget');
  if (assetBytes > assetBudgetBytes) throw new Error('the assets are over their budget');
  for (const room of ['features/chat/', 'upload/', 'viewer/', 'features/admin/'])
    if (!pages.some(({ page }) => page.startsWith(room)))
      throw new Error(`${room} is in no chunk of its own`);
}

const failed: string[] = [];
for (const { name, run } of checks) {
  const startedMs = performance.now();
  try {
    run();
    console.log(`✓ ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed.push(name);
    console.error(`✗ ${name}: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
}
console.log(
  `check: ${checks.length - failed.length} passed, ${failed.length} failed${failed.length ? ` (${failed.join(', ')})` : ''}`,
);
process.exit(failed.length === 0 ? 0 : 1);
