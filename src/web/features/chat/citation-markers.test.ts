import { expect, test } from 'vitest';
import { cutAtMarkers, withFootnotes, withoutHalfMarker } from './citation-markers.ts';

const cut = (text: string, ...known: number[]) =>
  cutAtMarkers(text, (marker) => known.includes(marker)).map((piece) =>
    piece.kind === 'text' ? piece.text : piece.marker,
  );

test('markers are cut out with the space before them', () => {
  expect(cut('A yacht pays 34. [1] It is due at noon. [2]', 1, 2)).toEqual([
    'A yacht pays 34.',
    1,
    ' It is due at noon.',
    2,
  ]);
});
test('markers in a row and in one pair of brackets', () => {
  expect(cut('So [1][2] it [1, 3].', 1, 2, 3)).toEqual(['So', 1, 2, ' it', 1, 3, '.']);
});
test('numbers in brackets that cite nothing stay', () => {
  expect(cut('See [7] and a[0] and [1].', 1)).toEqual(['See [7] and a[0] and', 1, '.']);
  expect(cut('[1, 9]', 1)).toEqual(['[1, 9]']);
});
test('signs of Markdown in sentences word for word stay as they are', () => {
  expect(cut('# 1. *a* _b_ | c [1]', 1)).toEqual(['# 1. *a* _b_ | c', 1]);
});
test('a marker on its way is held back', () => {
  expect(withoutHalfMarker('It is so. [1')).toBe('It is so.');
  expect(withoutHalfMarker('It is so. [1]')).toBe('It is so. [1]');
});
test('footnotes hold title, page and quote on one line each', () => {
  expect(
    withFootnotes(
      'So it is. [1]',
      [{ marker: 1, title: 'Rules', page: 3, quote: 'so\n it is' }],
      (n) => `p. ${n}`,
    ),
  ).toBe('So it is. [1]\n\n[1] Rules, p. 3: “so it is”');
  expect(withFootnotes('Nothing.', [], String)).toBe('Nothing.');
});
