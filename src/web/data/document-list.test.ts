import { expect, test } from 'vitest';
import type { Document } from '../../contract/documents.ts';
import { changeInList, type DocumentList, joinBeginning } from './document-list.ts';

const doc = (id: string) => ({ id, title: id }) as Document;
const list = (...pages: string[][]): DocumentList => ({
  pages: pages.map((ids) => ({ items: ids.map(doc), nextCursor: null, total: pages.flat().length })),
  pageParams: pages.map((_, i) => (i === 0 ? undefined : String(i))),
});
const idsOf = ({ pages }: DocumentList) => pages.map(({ items }) => items.map(({ id }) => id).join(''));

test('what is taken out leaves the listing and its total', () => {
  const after = changeInList(list(['a', 'b'], ['c', 'd']), new Set(['b', 'c']), () => undefined);
  expect(idsOf(after)).toEqual(['a', 'd']);
  expect(after.pages.map(({ total }) => total)).toEqual([2, 2]);
});

test('pages without a changed document stay the same objects', () => {
  const before = list(['a', 'b'], ['c']);
  const after = changeInList(before, new Set(['c']), (document) => ({ ...document, title: 'new' }));
  expect(after.pages[0]).toBe(before.pages[0]);
  expect(after.pages[1]?.items[0]?.title).toBe('new');
  expect(changeInList(before, new Set(['x']), () => undefined)).toBe(before);
});

const page = (ids: string, total: number, nextCursor = 'old') => ({
  items: [...ids].map((id) => ({ id })),
  nextCursor,
  total,
});

test('new documents at the top join the rest of a long listing', () => {
  expect(joinBeginning(page('bcd', 30), page('abc', 31, 'new'))).toEqual(page('abcd', 31));
});

test('a document that went from the top is gone from the joined listing', () => {
  expect(joinBeginning(page('abc', 30), page('bcd', 29))).toBeUndefined();
  expect(joinBeginning(page('abcd', 30), page('acd', 29))).toEqual(page('acd', 29));
});

test('a total that the top does not explain means that the rest is out of date', () => {
  expect(joinBeginning(page('abc', 30), page('abc', 29))).toBeUndefined();
  expect(joinBeginning(page('abc', 30), page('xyz', 33))).toBeUndefined();
});
