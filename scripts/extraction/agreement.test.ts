import { expect, test } from 'vitest';
import { agreement, rowsFound } from './agreement.ts';

test('the same words in the same order agree, whatever stands between them', () => {
  expect(agreement('Gaskets wear out; valves do not.', 'gaskets wear\n\nout valves — do not')).toEqual({
    words: 1,
    inOrder: 1,
  });
});

test('two columns that are read line by line keep their words and lose their order', () => {
  const { words, inOrder } = agreement('aaa bbb ccc ddd', 'aaa ccc bbb ddd');
  expect(words).toBe(1);
  expect(inOrder).toBe(0.75);
});

test('what is missing and what is too much count as much as their letters', () => {
  expect(agreement('aaaa bb', 'aaaa')).toEqual({ words: 0.8, inOrder: 0.8 });
  expect(agreement('aaaa', 'aaaa bb')).toEqual({ words: 0.8, inOrder: 0.8 });
  expect(agreement('价格', '价')).toEqual({ words: 2 / 3, inOrder: 2 / 3 });
});

test('a row is found where its words are alone on a line, and divided where its cells are', () => {
  const rows = [
    ['Region', '2024'],
    ['South', '1,400'],
    ['North', '12'],
  ];
  expect(rowsFound(rows, 'Region | | 2024\nSouth 1,400\nNorth 12 and more')).toEqual({
    onLine: 2,
    divided: 1,
  });
});
