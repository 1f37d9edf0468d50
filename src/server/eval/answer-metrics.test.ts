import { expect, test } from 'vitest';
import { holdsAnswer, scoreReplies } from './answer-metrics.ts';

test('an answer is found whatever its case and punctuation', () => {
  expect(holdsAnswer('It was built in “New  York”.', ['new york'])).toBe(true);
  expect(holdsAnswer('梅雨は5月から7月にかけて来る。', ['５月から７月'])).toBe(true);
  expect(holdsAnswer('It was built in York.', ['New York', 'Boston'])).toBe(false);
});

test('answers and refusals are counted against what should have been said', () => {
  const reply = (answerable: boolean, answered: boolean, right = false, rightFirst = right) => ({
    answerable,
    answered,
    right,
    rightFirst,
    citations: answered ? [{ relevant: right, exact: true }] : [],
  });
  const scores = scoreReplies([
    reply(true, true, true),
    reply(true, true, true, false),
    reply(true, true),
    reply(true, false),
    reply(false, true),
    reply(false, false),
  ]);
  expect(scores).toEqual({
    questions: 6,
    answerable: 4,
    answeredPrecision: 3 / 4,
    answeredRecall: 3 / 4,
    refusedPrecision: 1 / 2,
    refusedRecall: 1 / 2,
    right: 2 / 3,
    rightFirst: 1 / 3,
    citationPrecision: 2 / 3,
    exactQuotes: 1,
  });
});
