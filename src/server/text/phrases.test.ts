import { expect, test } from 'vitest';
import { holdsPhrase, quotedPhrases } from './phrases.ts';

test('phrases stand between quotation marks of any kind', () => {
  expect(quotedPhrases('who said "to be or not" and „sein oder nicht“ or «être ou» or 「東京」 ""?')).toEqual(
    ['to be or not', 'sein oder nicht', 'être ou', '東京'],
  );
  expect(quotedPhrases('a 5" pipe')).toEqual([]);
});

test('a phrase is found word by word whatever case, signs and line ends', () => {
  expect(holdsPhrase('He asked: To be,\nor NOT to be?', 'to be or not')).toBe(true);
  expect(holdsPhrase('to be not or', 'to be or not')).toBe(false);
  expect(holdsPhrase('the cats', 'the cat')).toBe(false);
  expect(holdsPhrase('Café Zürich', 'cafe zurich')).toBe(true);
  expect(holdsPhrase('私は東京に住む', '東京')).toBe(true);
  expect(holdsPhrase('anything', '…')).toBe(false);
});
