import { expect, test } from 'vitest';
import { directionOf, inAddress, nextSort, sortOf } from './sort.ts';

test('a header sorts in its natural order first, then the other way around', () => {
  expect(nextSort('-createdAt', 'title')).toBe('title');
  expect(nextSort('title', 'title')).toBe('-title');
  expect(nextSort('-title', 'title')).toBe('title');
  expect(nextSort('title', 'sizeBytes')).toBe('-sizeBytes');
  expect(nextSort('-createdAt', 'createdAt')).toBe('createdAt');
});

test('an address that makes no sense means newest first, which is not written', () => {
  expect(sortOf('shoe')).toBe('-createdAt');
  expect(sortOf(undefined)).toBe('-createdAt');
  expect(inAddress('-createdAt')).toBeUndefined();
  expect(inAddress('title')).toBe('title');
});

test('the sorted column says its direction', () => {
  expect(directionOf('-title', 'title')).toBe('descending');
  expect(directionOf('title', 'title')).toBe('ascending');
  expect(directionOf('title', 'sizeBytes')).toBe('none');
});
