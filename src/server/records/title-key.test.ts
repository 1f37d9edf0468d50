import { expect, test } from 'vitest';
import { titleKey } from './title-key.ts';

const inOrder = (...titles: string[]) =>
  titles.toSorted((a, b) => (titleKey(a) < titleKey(b) ? -1 : titleKey(a) > titleKey(b) ? 1 : 0));

test('titles sort without regard to case and accents', () => {
  expect(inOrder('zebra', 'Äpfel', 'apple', 'Éclair', 'Zoo', 'banana')).toEqual([
    'Äpfel',
    'apple',
    'banana',
    'Éclair',
    'zebra',
    'Zoo',
  ]);
  expect(inOrder('Łódź', 'Maße', 'Lotus', 'Massiv', 'Ångström', 'İzmir', 'ılıca')).toEqual([
    'Ångström',
    'ılıca',
    'İzmir',
    'Łódź',
    'Lotus',
    'Maße',
    'Massiv',
  ]);
});

test('numbers sort by their value, wherever they stand', () => {
  expect(inOrder('Report 10', 'Report 9', 'Report 010b', 'report 2.1', 'Report', '2024', '300')).toEqual([
    '300',
    '2024',
    'Report',
    'report 2.1',
    'Report 9',
    'Report 10',
    'Report 010b',
  ]);
});

test('the same title in another spelling has the same key', () => {
  for (const [one, other] of [
    ['Café', 'Cafe\u0301'],
    ['ＦＵＬＬ', 'full'],
    ['  two   words ', 'two words'],
    ['Straße', 'STRASSE'],
    ['ガイド', 'カ\u3099イト\u3099'],
  ])
    expect(titleKey(one as string)).toBe(titleKey(other as string));
});

test('other scripts keep their own order and their marks', () => {
  expect(inOrder('東京', 'Москва', 'Ελλάδα', 'ελιά', 'москвич', 'かき', 'がき')).toEqual([
    'ελιά',
    'Ελλάδα',
    'Москва',
    'москвич',
    'かき',
    'がき',
    '東京',
  ]);
  expect(titleKey('กี่')).not.toBe(titleKey('กา'));
});

test('a key is short and well-formed whatever the title holds', () => {
  for (const title of [
    '😀'.repeat(300),
    `a${'😀'.repeat(300)}`,
    'ﷺ'.repeat(200),
    '\ud800x',
    '9'.repeat(500),
    '',
  ]) {
    expect(titleKey(title).length).toBeLessThanOrEqual(200);
    expect(titleKey(title).isWellFormed()).toBe(true);
  }
});
