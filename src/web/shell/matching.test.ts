import { expect, it } from 'vitest';
import { matching } from './matching.ts';

const choices = ['New chat', 'Library', 'Theme: Dark', 'Sign out', 'Chat help'].map((label) => ({ label }));
const labels = (typed: string) => matching(choices, typed).map(({ label }) => label);

it('gives all when nothing is typed', () => {
  expect(labels('  ')).toHaveLength(5);
});

it('asks for every word, in any order and case, and shows first what begins so', () => {
  expect(labels('chat')).toEqual(['Chat help', 'New chat']);
  expect(labels('DARK theme')).toEqual(['Theme: Dark']);
  expect(labels('nothing')).toEqual([]);
});
