import { expect, test } from 'vitest';
import { EVERYTHING, filtersOf, toggled } from './scope.ts';

const a = { id: 'a', name: 'A' };
const b = { id: 'b', name: 'B' };

test('everything has no filters', () => expect(filtersOf(EVERYTHING)).toBeUndefined());

test('what is chosen becomes a filter of its kind', () => {
  const one = toggled(EVERYTHING, 'documents', a);
  expect(filtersOf(toggled(one, 'documents', b))).toEqual({ documentIds: ['a', 'b'] });
  expect(filtersOf(toggled(one, 'collections', b))).toEqual({ collectionIds: ['b'] });
});

test('taking the last out is everything again', () => {
  expect(toggled(toggled(EVERYTHING, 'documents', a), 'documents', a)).toEqual(EVERYTHING);
});
