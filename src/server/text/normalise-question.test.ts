import { expect, test } from 'vitest';
import { normaliseQuestion } from './normalise-question.ts';

test('spelling that does not change the question does not change its form', () => {
  expect(normaliseQuestion('  What  is\tＲＡＧ ? ')).toBe(normaliseQuestion('what is RAG'));
  expect(normaliseQuestion('Was ist das？')).toBe('was ist das');
});

test('what changes the question changes its form', () => {
  expect(normaliseQuestion('the IT budget')).not.toBe(normaliseQuestion('the it budget'));
  expect(normaliseQuestion('C++')).not.toBe(normaliseQuestion('C'));
});
