import { defaultCacheDir } from '../src/server/eval/evaluation-house.ts';
import { learnGate } from '../src/server/eval/learn-gate.ts';
import { modelDir } from '../src/server/version.ts';

/** Prints the weights of the answer gate (`answer/constants.ts`): `node scripts/learn-gate.ts SET…`, sets with `qa.jsonl`. */
const sets = process.argv.slice(2);
if (sets.length === 0) throw new Error('Name the folders of labelled sets: node scripts/learn-gate.ts SET…');
await learnGate(sets, {
  modelDir,
  cacheDir: defaultCacheDir(),
  log: (line) => console.log(line),
});
