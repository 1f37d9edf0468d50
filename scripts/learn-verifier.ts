import { parseArgs } from 'node:util';
import { defaultCacheDir } from '../src/server/eval/evaluation-house.ts';
import { learnVerifier } from '../src/server/eval/learn-verifier.ts';
import { modelDir } from '../src/server/version.ts';

/**
 * Prints the weights by which sentences of generated answers are verified (`answer/constants.ts`):
 * `node scripts/learn-verifier.ts SET… [--outside SET]…`, sets with `qa.jsonl`; nothing is learned from those outside.
 */
const { values, positionals: sets } = parseArgs({
  options: { outside: { type: 'string', multiple: true, default: [] } },
  allowPositionals: true,
});
if (sets.length === 0)
  throw new Error('Name the folders of labelled sets: node scripts/learn-verifier.ts SET… [--outside SET]…');
await learnVerifier(sets, values.outside, {
  modelDir,
  cacheDir: defaultCacheDir(),
  log: (line) => console.log(line),
});
