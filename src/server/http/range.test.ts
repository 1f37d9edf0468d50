import { expect, test } from 'vitest';
import { parseRange } from './range.ts';

test.each([
  [undefined, 10, { kind: 'whole' }],
  ['bytes=0-3', 10, { kind: 'part', start: 0, end: 3 }],
  ['BYTES=4-', 10, { kind: 'part', start: 4, end: 9 }],
  ['bytes=-3', 10, { kind: 'part', start: 7, end: 9 }],
  ['bytes=-30', 10, { kind: 'part', start: 0, end: 9 }],
  ['bytes=9-100', 10, { kind: 'part', start: 9, end: 9 }],
  ['bytes=0-0', 10, { kind: 'part', start: 0, end: 0 }],
  ['bytes=10-', 10, { kind: 'unsatisfiable' }],
  ['bytes=-0', 10, { kind: 'unsatisfiable' }],
  ['bytes=0-', 0, { kind: 'unsatisfiable' }],
  ['bytes=-5', 0, { kind: 'unsatisfiable' }],
  ['bytes=99999999999999999999-', 10, { kind: 'unsatisfiable' }],
  ['bytes=0-1, 4-5', 10, { kind: 'part', start: 0, end: 5 }],
  ['bytes=20-30, -2', 10, { kind: 'part', start: 8, end: 9 }],
  ['bytes=5-2', 10, { kind: 'whole' }],
  ['bytes=-', 10, { kind: 'whole' }],
  ['bytes=', 10, { kind: 'whole' }],
  ['bytes=a-b', 10, { kind: 'whole' }],
  ['pages=1-2', 10, { kind: 'whole' }],
] as const)('the header %s of a file of %i bytes asks for %o', (header, size, expected) => {
  expect(parseRange(header, size)).toEqual(expected);
});
