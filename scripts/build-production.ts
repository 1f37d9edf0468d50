import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { assembleProductionTree, checkout } from './production/production-tree.ts';

/**
 * `node scripts/build-production.ts --out DIR [--platform linux --arch x64]`: everything an installation needs to
 * run, for one platform, and nothing that it does not: 89 MB where `npm ci --omit=dev` and the build are 406 MB. Start it
 * with `node DIR/bin/ka.mjs serve`. Builds first what is not built.
 */
const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    platform: { type: 'string', default: process.platform },
    arch: { type: 'string', default: process.arch },
  },
});
if (values.out === undefined) {
  console.error('Say where the tree shall go: node scripts/build-production.ts --out DIR');
  process.exit(2);
}
try {
  // any command builds first what its sources are newer than
  execFileSync(process.execPath, [join(checkout, 'bin', 'ka.mjs'), '--version'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const out = resolve(values.out);
  const tree = assembleProductionTree(checkout, out, { platform: values.platform, arch: values.arch });
  const mb = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  console.log(
    `${out}: ${mb(tree.bytes)} for ${values.platform} ${values.arch} (packages ${mb(tree.packageBytes)}, server ${mb(tree.builtBytes)}, web ${mb(tree.webBytes)}, model ${mb(tree.modelBytes)})`,
  );
  for (const { name, bytes } of tree.packages.slice(0, 12)) console.log(`  ${name} ${mb(bytes)}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
