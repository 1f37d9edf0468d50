import { expect, test } from 'vitest';
import { passageSnippet } from './passage-snippet.ts';

const shown = (...given: Parameters<typeof passageSnippet>) =>
  passageSnippet(...given)
    .map(({ text, marked }) => (marked ? `<${text}>` : text))
    .join('');

test('a short passage is shown whole, with its marks', () => {
  expect(
    shown('A visiting yacht\npays 34.', [
      [2, 10],
      [22, 24],
    ]),
  ).toBe('A <visiting> yacht pays <34>.');
});
test('a long one is cut around the first mark, at a word', () => {
  const passage = `${'before '.repeat(60)}needle ${'after '.repeat(60)}`;
  const line = shown(passage, [[420, 426]], 100);
  expect(line).toMatch(/^… before (?:before )*<needle> after/);
  expect(line).toMatch(/ …$/);
});
test('without marks it is the beginning', () => {
  expect(shown('word '.repeat(20), [], 20)).toBe('word word word word  …');
});
