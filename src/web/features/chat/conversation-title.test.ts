import { expect, test } from 'vitest';
import { conversationTitle } from './conversation-title.ts';

test('a short question is the title, on one line', () => {
  expect(conversationTitle('  How much\n is it? ')).toBe('How much is it?');
});
test('a long one is cut between words', () => {
  const title = conversationTitle('word '.repeat(40));
  expect(title.length).toBeLessThanOrEqual(80);
  expect(title.endsWith('word…')).toBe(true);
});
test('one without spaces is cut at 80 characters, never inside a pair', () => {
  expect(conversationTitle('語'.repeat(200))).toHaveLength(80);
  expect(conversationTitle('😀'.repeat(100)).isWellFormed()).toBe(true);
});
