import { expect, test } from 'vitest';
import { suggestionOf } from './suggestions.ts';

const document = { id: 'd', title: 'Harbour rules' };
const of = (...paths: string[][]) => {
  const { kind, words } = suggestionOf(document, paths);
  return `${kind}: ${words}`;
};

test('a heading that names something is asked about, without its number', () => {
  expect(of(['Harbour rules'], ['Harbour rules', '2.1 Visiting yachts'])).toBe('heading: Visiting yachts');
});
test('a question in the document is asked as it stands', () => {
  expect(of(['Fees'], ['What is included?'])).toBe('question: What is included?');
});
test('headings that say nothing lead to the title', () => {
  expect(of([''], ['Introduction'], ['d666f1f7-46cb-42bd'], ['Contents'], ['x'.repeat(90)])).toBe(
    'title: Harbour rules',
  );
});
