import { expect, test } from 'vitest';
import { holdsAnswer, scoreReplies, tokenF1 } from './answer-metrics.ts';

test('an answer is found whatever its case and punctuation', () => {
  expect(holdsAnswer('It was built in “New  York”.', ['new york'])).toBe(true);
  expect(holdsAnswer('梅雨は5月から7月にかけて来る。', ['５月から７月'])).toBe(true);
  expect(holdsAnswer('It was built in York.', ['New York', 'Boston'])).toBe(false);
});

test('F1 counts the words that a statement and the nearest answer share', () => {
  expect(tokenF1('By hand.', ['manually', 'by hand'])).toBe(1);
  // two of four words, all of the two
  expect(tokenF1('raked together by hand', ['by hand'])).toBeCloseTo((2 * 2) / (4 + 2), 12);
  expect(tokenF1('hand in hand', ['hand'])).toBeCloseTo((2 * 1) / (3 + 1), 12);
  expect(tokenF1('梅雨は5月', ['5月'])).toBeCloseTo((2 * 2) / (5 + 2), 12);
  expect([tokenF1('something else', ['by hand']), tokenF1('', ['by hand']), tokenF1('by', [])]).toEqual([
    0, 0, 0,
  ]);
});

test('answers and refusals are counted against what should have been said', () => {
  const reply = (answerable: boolean, answered: boolean, right = false, rightFirst = right) => ({
    id: 'q',
    answerable,
    answered,
    right,
    rightFirst,
    f1: right ? 0.5 : 0,
    labelled: 2,
    labelledCited: right ? 1 : 0,
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
    f1: 1 / 3,
    citationRecall: 2 / 6,
    citationPrecision: 2 / 3,
    exactQuotes: 1,
  });
});
