import { expect, test } from 'vitest';
import { statementSpans } from './statement-spans.ts';

const statements = (text: string, headings: string[] = []) =>
  statementSpans(text, headings).map(({ start, end }) => text.slice(start, end));

test('a heading states nothing', () => {
  expect(statements('## 2. Opening hours\n\nThe shop opens at nine.', ['Shop', 'Opening hours'])).toEqual([
    'The shop opens at nine.',
  ]);
  expect(statements('Opening hours\n\nThe shop opens at nine.', ['Opening hours'])).toEqual([
    'The shop opens at nine.',
  ]);
});

test('a question goes with the sentence behind it', () => {
  expect(statements('Where do visitors park?\nOn level 2. Bicycles stay outside.')).toEqual([
    'Where do visitors park?\nOn level 2.',
    'Bicycles stay outside.',
  ]);
  expect(statements('駐車場はどこですか？二階です。')).toEqual(['駐車場はどこですか？二階です。']);
});

test('a question that nothing follows states nothing', () => {
  expect(statements('Bicycles stay outside. Where do visitors park?')).toEqual(['Bicycles stay outside.']);
  expect(statements('Who? Where?')).toEqual([]);
});

test('text without stops is no statement', () => {
  expect(statements(`${'word '.repeat(400)}`)).toEqual([]);
});

test('column names state nothing, but stand above each row', () => {
  const table = 'Ferry | Departs\nKestrel | 07:40\nPuffin | 09:15';
  expect(statements(table)).toEqual(['Kestrel | 07:40', 'Puffin | 09:15']);
  expect(statementSpans(table, []).map(({ columns }) => columns)).toEqual([
    'Ferry | Departs',
    'Ferry | Departs',
  ]);
});

test('a passage from the middle of a table keeps its column names', () => {
  const [row, , after] = statementSpans(
    'Puffin | 09:15\nHeron | 18:30\n\nSubject to change.',
    [],
    'Ferry | Departs',
  );
  expect(row?.columns).toBe('Ferry | Departs');
  expect(after?.columns).toBe('');
});
