import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../src/server/fault-point.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { newPostgresDatabase } from '../support/stores.ts';
import { type CrashHouse, openCrashHouse } from './crash-house.ts';

/** `KA_CRASH_ROUNDS=50 KA_CRASH_SEED=7` for a long run of one's own. */
const ROUNDS = Number(process.env['KA_CRASH_ROUNDS'] ?? 0);
const SEED = Number(process.env['KA_CRASH_SEED'] ?? 1);
/** So often everything is looked at: what one crash breaks, a later one might hide. */
const LOOK_EVERY = 8;

let house: CrashHouse | undefined;
afterEach(() => house?.close());

/** Those that a server meets. */
const POINTS = FAULT_POINTS.filter((name) => !/^(?:migration|backup|restore)-/.test(name));

async function killAgainAndAgain(crashed: CrashHouse, rounds: number): Promise<void> {
  const random = seededRandom(SEED);
  const ends: string[] = [];
  // every point once before any comes twice
  let left: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    const byPoint = round % 3 !== 0;
    if (left.length === 0) left = [...POINTS];
    const [point] = byPoint ? left.splice(random.below(left.length), 1) : [];
    const end = await crashed.round(random, {
      ...(point === undefined ? {} : { faultPoint: `${point}:${1 + random.below(3)}` }),
      killAfterMs: byPoint ? 3_000 : random.below(1_500),
    });
    ends.push(`${point ?? 'any moment'}: ${end}`);
    if (round % LOOK_EVERY === 0 || round === rounds) await crashed.expectNothingLost();
  }
  if (ROUNDS > 0) console.log(`${crashed.sent()} documents were sent; ${ends.join('; ')}`);
  expect(ends.filter((end) => end.endsWith('at its point')).length).toBeGreaterThan(rounds / 4);
}

test(
  'a server that is killed at every stage loses no document, has none twice and leaves nothing behind',
  async () => {
    house = await openCrashHouse('sqlite');
    await killAgainAndAgain(house, ROUNDS || 8);

    // a backup that is killed leaves no file that could be taken for one, and harms nothing
    const file = join(house.dataDir, 'all.backup');
    for (const point of FAULT_POINTS.filter((name) => name.startsWith('backup'))) {
      expect([point, await house.backup(file, point), existsSync(file)]).toEqual([point, 'SIGKILL', false]);
    }
    expect([await house.backup(file), existsSync(file), existsSync(`${file}.partial`)]).toEqual([
      0,
      true,
      false,
    ]);
    await house.expectNothingLost();
  },
  60_000 + ROUNDS * 10_000,
);

test(
  'so does one whose records are on PostgreSQL',
  async () => {
    house = await openCrashHouse({ url: await newPostgresDatabase({ empty: true }) });
    await killAgainAndAgain(house, Math.ceil(ROUNDS / 3) || 3);
  },
  60_000 + ROUNDS * 5_000,
);
