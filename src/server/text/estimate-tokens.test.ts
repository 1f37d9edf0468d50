import { expect, test } from 'vitest';
import { cutWithin, estimateTokens } from './estimate-tokens.ts';

test.each([
  // counted with the bundled model's tokenizer
  ['The quick brown fox jumps over the lazy dog.', 10],
  ['Retrieval of passages by cosine similarity is exact.', 11],
  ['Pressure distribution over a swept wing at transonic speeds.', 11],
  ['', 0],
  [' \n\t ', 0],
])('%j is about %i tokens', (text, tokens) => {
  expect(Math.abs(estimateTokens(text) - tokens)).toBeLessThanOrEqual(Math.max(1, 0.2 * tokens));
});

test('other scripts and long words count more than one token a word', () => {
  expect(estimateTokens('Donaudampfschifffahrtsgesellschaft')).toBeGreaterThan(5);
  expect(estimateTokens('東京都庁舎')).toBeGreaterThanOrEqual(4);
  expect(estimateTokens('достопримечательность')).toBeGreaterThan(4);
});

test('a cut is made after white space where there is any, and holds what it promises', () => {
  const text = 'one two three four five six seven';
  const cut = cutWithin(text, 0, text.length, 3);
  expect(text.slice(0, cut)).toBe('one two three ');
  expect(cutWithin(text, 4, text.length, 100)).toBe(text.length);
});

test('a cut never splits a character and always gets on', () => {
  const text = '😀'.repeat(50);
  for (let at = 0; at < text.length; ) {
    const cut = cutWithin(text, at, text.length, 0);
    expect(text.slice(at, cut).isWellFormed()).toBe(true);
    expect(cut).toBeGreaterThan(at);
    at = cut;
  }
});
