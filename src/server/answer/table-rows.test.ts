import { expect, test } from 'vitest';
import { tablesIn } from './table-rows.ts';

const tables = (text: string) =>
  tablesIn(text).map(({ header, rows }) => ({
    header: header && text.slice(header.start, header.end),
    rows: text.slice(rows.start, rows.end),
  }));

test('the row above figures names the columns', () => {
  const table = 'Ferry | Departs | Seats\nKestrel | 07:40 | 120\nPuffin | 09:15 | 80';
  expect(tables(`Timetable\n\n${table}\n\nSubject to change.`)).toEqual([
    { header: 'Ferry | Departs | Seats', rows: table },
  ]);
});

test('a year may name a column', () => {
  expect(tables('Sales | 2023 | 2024\nTents | 1,204 | 998')[0]?.header).toBe('Sales | 2023 | 2024');
});

test('where every row has figures, or none has, no row is a header', () => {
  expect(tables('Kestrel | 07:40\nPuffin | 09:15')[0]?.header).toBeUndefined();
  expect(tables('Ann | Oslo\nBob | Turin')[0]?.header).toBeUndefined();
});

test('a single line is no table', () => {
  expect(tables('either a | or b\n\nmore text')).toEqual([]);
});

test('units and currencies belong to figures', () => {
  expect(tables('Item | Price\nTrellis | €22.80')[0]?.header).toBe('Item | Price');
  expect(tables('Item | Time\nDough | 2 hours')[0]?.header).toBe('Item | Time');
});
