import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createProcessParser,
  type ParseReport,
  type ProcessParser,
} from '../../src/server/drivers/parser/process.ts';
import { AppError } from '../../src/server/errors.ts';
import { inOnePart } from '../../src/server/ingest/in-one-part.ts';
import { expectSound } from '../fixtures/parse/expect-sound.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { mutated } from './mutate.ts';
import { SAMPLES } from './samples.ts';

/** `KA_FUZZ_CASES=5000 KA_FUZZ_SEED=7` for a long run of one's own; so many of each format. */
const CASES = Number(process.env['KA_FUZZ_CASES'] ?? 60);
const SEED = Number(process.env['KA_FUZZ_SEED'] ?? 1);
/** Small files: one that takes this long has met a loop. */
const TIMEOUT_MS = 15_000;
const FILES_PER_PROCESS = 200;
/** Well below the 700 MB at which a process is killed: what files of a few kB may cost, and what they may leave. */
const MOST_MB = 350;

/** What a document is told to be unreadable by. */
const PROBLEMS: ReadonlySet<string> = new Set([
  'UNSUPPORTED_FORMAT',
  'FILE_ENCRYPTED',
  'FILE_BROKEN',
  'FILE_EMPTY',
  'FILE_TOO_COMPLEX',
  'NEEDS_OCR',
]);

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const reports: ParseReport[] = [];
let parser: ProcessParser;
beforeAll(() => {
  parser = createProcessParser({
    timeoutMs: TIMEOUT_MS,
    maxFiles: FILES_PER_PROCESS,
    onReport: (report) => reports.push(report),
  });
});
afterAll(async () => {
  await parser.close();
  rmSync(folder, { recursive: true, force: true });
});

const samples = Object.values(SAMPLES);
const outcomes = new Map<string, number>();

async function outcomeOf(filename: string, bytes: Buffer): Promise<string> {
  const path = join(folder, 'stored');
  writeFileSync(path, bytes);
  try {
    expectSound(await inOnePart(parser.parse({ path, filename })));
    return 'a document';
  } catch (error) {
    if (!(error instanceof AppError) || !PROBLEMS.has(error.code)) throw error;
    // a sentence about the file and one about what to do
    expect(error.message).toMatch(/^[A-Z].+\.$/s);
    return error.code;
  }
}

test.each(Object.entries(SAMPLES))(
  '%s with changed bytes is a document or a problem, at once and in little memory',
  async (filename, sound) => {
    expect(await outcomeOf(filename, sound)).toBe('a document');
    for (let n = 0; n < CASES; n++) {
      const random = seededRandom(SEED * 1_000_003 + n);
      const bytes = mutated(sound, random.pick(samples), random);
      try {
        const outcome = await outcomeOf(filename, bytes);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      } catch (cause) {
        const kept = join(tmpdir(), `fuzz-${SEED}-${n}-${filename}`);
        writeFileSync(kept, bytes);
        throw new Error(`case ${n} of seed ${SEED}, kept as ${kept}: ${cause}`, { cause });
      }
    }
  },
  60_000 + CASES * 100,
);

test('the process that reads is replaced before it has grown, and none of them grew', () => {
  const perProcess = Map.groupBy(reports, ({ pid }) => pid);
  for (const files of perProcess.values()) expect(files.length).toBeLessThanOrEqual(FILES_PER_PROCESS);
  const peakMb = Math.max(...reports.map((report) => report.peakMb ?? 0));
  if (CASES > 60)
    console.log({
      files: reports.length,
      processes: perProcess.size,
      peakMb,
      slowestMs: Math.max(...reports.map(({ tookMs }) => tookMs)),
      ...Object.fromEntries(outcomes),
    });
  expect(peakMb).toBeLessThan(MOST_MB);
});
