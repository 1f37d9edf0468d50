import { expect, test } from 'vitest';
import { cutAt, textBlocks } from './text-blocks.ts';

const shown = (text: string) =>
  textBlocks(text).map((block) =>
    block.kind === 'table'
      ? block.rows.map((row) => row.map(({ start, end }) => text.slice(start, end)))
      : `${block.kind}: ${text.slice(block.start, block.end)}`,
  );

test('blank lines set paragraphs apart, and lines within one stay together', () => {
  expect(shown('Harbour rules\n\nThe master\nis Astrid.\n')).toEqual([
    'paragraph: Harbour rules',
    'paragraph: The master\nis Astrid.',
  ]);
});

test('items of a list are blocks of their own, with the lines that go on', () => {
  expect(shown('Bring:\n- a rope\n  of ten metres\n- a lamp\n1. first\n2) second')).toEqual([
    'paragraph: Bring:',
    'item: - a rope\n  of ten metres',
    'item: - a lamp',
    'item: 1. first',
    'item: 2) second',
  ]);
});

test('lines with bars are rows of a table', () => {
  expect(shown('Length | Fee\n10 m | 34\n\n12 m | 40 | paid')).toEqual([
    [
      ['Length', 'Fee'],
      ['10 m', '34'],
    ],
    [['12 m', '40', 'paid']],
  ]);
});

test('one line with one bar is a sentence', () => {
  expect(shown('before 18:00 | no refunds')).toEqual(['paragraph: before 18:00 | no refunds']);
});

test('a span is cut out of the slices that it touches', () => {
  const pieces = (slice: [number, number], span?: [number, number]) =>
    cutAt({ start: slice[0], end: slice[1] }, span && { start: span[0], end: span[1] }).map(
      ({ start, end, marked }) => [start, end, marked],
    );
  expect(pieces([0, 10], [3, 5])).toEqual([
    [0, 3, false],
    [3, 5, true],
    [5, 10, false],
  ]);
  expect(pieces([0, 10], [8, 20])).toEqual([
    [0, 8, false],
    [8, 10, true],
  ]);
  expect(pieces([10, 20], [0, 12])).toEqual([
    [10, 12, true],
    [12, 20, false],
  ]);
  expect(pieces([10, 20], [0, 5])).toEqual([[10, 20, false]]);
  expect(pieces([10, 20], [30, 35])).toEqual([[10, 20, false]]);
  expect(pieces([10, 20])).toEqual([[10, 20, false]]);
  expect(pieces([10, 20], [5, 25])).toEqual([[10, 20, true]]);
});
