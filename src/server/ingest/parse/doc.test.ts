import { expect, test } from 'vitest';
import { makeDoc } from '../../../../test/fixtures/parse/make-legacy-office.ts';
import { outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const read = async (body: string, after: readonly string[] = []) =>
  outline(await parseBytes('a.doc', makeDoc(body, after)));

test('notes and text boxes follow the body; headers and comments are left out', async () => {
  expect(
    await read('Body\x02 text.\r', [
      'A footnote\r',
      'Page head\r',
      'A remark\r',
      'An endnote\r',
      'In a box\r',
    ]),
  ).toEqual([
    ['paragraph: Body text.', 'paragraph: A footnote', 'paragraph: An endnote', 'paragraph: In a box'],
  ]);
});

test('fields may stand in each other, and marks of fields without a beginning are nothing', async () => {
  expect(await read('a\x13 IF \x13PAGE\x142\x15 = 2\x14yes\x15b\x14c\x15d\r')).toEqual([
    ['paragraph: ayesbcd'],
  ]);
});

test('a cell of several paragraphs is one cell, and a table ends with the text behind it', async () => {
  expect(await read('A\x07B\rmore\x07\x07C\x07D\x07\x07\x0cNext\x1eday\x0bline\r')).toEqual([
    ['table: A | B more\nC | D'],
    ['paragraph: Next-day\nline'],
  ]);
});
