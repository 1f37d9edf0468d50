import { expect, test } from 'vitest';
import { estimateTokens } from '../text/estimate-tokens.ts';
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

test('a hash is of the text and of the model that embeds it', () => {
  expect(textHash('a', 'model 1')).toBe(textHash('a', 'model 1'));
  expect(new Set([textHash('a', 'model 1'), textHash('b', 'model 1'), textHash('a', 'model 2')]).size).toBe(
    3,
  );
  expect(textHash('a', 'm')).toMatch(/^[0-9a-f]{64}$/);
});
