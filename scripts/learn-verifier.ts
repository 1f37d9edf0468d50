import { defaultCacheDir } from '../src/server/eval/evaluation-house.ts';
import { learnVerifier } from '../src/server/eval/learn-verifier.ts';
import { modelDir } from '../src/server/version.ts';

/**
 * Prints the weights by which sentences of generated answers are verified (`answer/constants.ts`):
 * `node scripts/learn-verifier.ts SET…`, sets with `qa.jsonl`.
 */
const sets = process.argv.slice(2);
if (sets.length === 0)
  throw new Error('Name the folders of labelled sets: node scripts/learn-verifier.ts SET…');
await learnVerifier(sets, {
  modelDir,
  cacheDir: defaultCacheDir(),
  log: (line) => console.log(line),
});
