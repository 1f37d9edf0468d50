import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { modelDir } from '../version.ts';
import { learnGate } from './learn-gate.ts';

const dir = mkdtempSync(join(tmpdir(), 'gate-sets-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Facts as documents, one each, with the question that each answers. */
function writeSet(
  name: string,
  facts: readonly (readonly [text: string, question: string, answer: string])[],
) {
  const folder = join(dir, name);
  mkdirSync(join(folder, 'qrels'), { recursive: true });
  const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const write = (file: string, rows: object[]) => writeFileSync(join(folder, file), lines(rows));
  write(
    'corpus.jsonl',
    facts.map(([text], i) => ({ _id: `${name}${i}x`, text })),
  );
  write(
    'queries.jsonl',
    facts.map(([, text], i) => ({ _id: `${name}-q${i}`, text })),
  );
  write(
    'qa.jsonl',
    facts.map(([, question, answer], i) => ({
      _id: `${name}-q${i}`,
      question,
      answers: [answer],
      doc_ids: [`${name}${i}x`],
    })),
  );
  writeFileSync(join(folder, 'qrels', 'test.tsv'), 'query-id\tcorpus-id\tscore\n');
  return folder;
}

test('the gate is learned on half of the questions, and the one in force measured beside it', async () => {
  const sets = [
    writeSet('tea', [
      ['Green tea is steamed soon after picking.', 'When is green tea steamed?', 'soon after picking'],
      ['Black tea is left to oxidise in cool rooms.', 'Where is black tea left to oxidise?', 'cool rooms'],
      ['White tea is made of buds that are dried in the sun.', 'What is white tea made of?', 'buds'],
      ['Oolong is rolled by hand many times.', 'How is oolong rolled?', 'by hand'],
    ]),
    writeSet('sea', [
      ['Sea water dries in shallow pans.', 'Where does sea water dry?', 'shallow pans'],
      ['Salt is raked together with wooden rakes.', 'What is salt raked together with?', 'wooden rakes'],
      ['The lighthouse keeper trims the wick at dusk.', 'When is the wick trimmed?', 'at dusk'],
      ['Herring swim in schools of many thousands.', 'How do herring swim?', 'in schools'],
    ]),
  ];
  const lines: string[] = [];
  await learnGate(sets, { modelDir, cacheDir: join(dir, 'cache'), log: (line) => lines.push(line) });
  const text = lines.join('\n');
  for (const model of ['english', 'wordsOnly'])
    expect(text).toMatch(
      new RegExp(`  ${model}: { weights: \\[(?:-?\\d+\\.\\d\\d(?:, )?){7}\\], bias: -?\\d`),
    );
  for (const kind of ['whole', 'alone', 'absent', 'foreign'])
    expect(text).toMatch(new RegExp(`  ${kind} \\(\\d+\\): .+\\n    in force: [01]\\.\\d{3} at 0\\.35`));
  expect(text).toContain('latin: no questions with and without an answer to learn from');
  expect(text).not.toContain('NaN');
});
