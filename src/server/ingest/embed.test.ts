import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { estimateTokens } from '../text/estimate-tokens.ts';
import { CHUNKER_VERSION } from './chunk.ts';
import { embeddedText, keywordText, textHash } from './embed.ts';

const passage = (text: string, headingPath: string[] = [], tableHeader: string | null = null) => ({
  text,
  headingPath,
  tableHeader,
});

test('a passage is embedded with where it stands in front', () => {
  expect(embeddedText('Manual', passage('Turn it off first.', ['Safety', 'Before work']))).toBe(
    'Manual › Safety › Before work\nTurn it off first.',
  );
  expect(embeddedText('', passage('Alone.'))).toBe('Alone.');
});

test('what the passage itself begins with, and a title that is its first heading, are not repeated', () => {
  expect(embeddedText('Manual', passage('Safety\n\nTurn it off.', ['Manual', 'Safety']))).toBe(
    'Manual\nSafety\n\nTurn it off.',
  );
  expect(embeddedText('Manual', passage('Manual\n\nIntroduction.', ['Manual']))).toBe(
    'Manual\n\nIntroduction.',
  );
});

test("rows of a table are embedded and indexed with the table's header", () => {
  const rows = passage('Valve | 30', ['Prices'], 'Part | Price');
  expect(embeddedText('List', rows)).toBe('List › Prices\nPart | Price\nValve | 30');
  expect(keywordText('List', rows)).toBe('List\nPrices\nPart | Price\nValve | 30');
});

test('of long titles and many headings only so much is embedded that the passage is not pushed out', () => {
  const long = 'an uncommonly longwinded heading about everything and more '.repeat(20);
  const embedded = embeddedText(long, passage('The passage.', [long, long, long, 'Innermost']));
  expect(estimateTokens(embedded)).toBeLessThan(60);
  expect(embedded).toContain('Innermost');
  expect(embedded.endsWith('\nThe passage.')).toBe(true);
  expect(keywordText(long, passage('The passage.')).length).toBeGreaterThan(long.length);
});

test('a hash is of the text alone, and the one that every release has stored for it', () => {
  expect(textHash('a')).toBe(
    createHash('sha256')
      .update(`bundled/minilm-l6-v2/pc7-1/384/mean/l2\0${CHUNKER_VERSION}\0a`)
      .digest('hex'),
  );
  expect(textHash('b')).not.toBe(textHash('a'));
});
