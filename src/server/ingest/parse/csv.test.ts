import { expect, test } from 'vitest';
import { outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const read = async (text: string, name = 'a.csv') => outline(await parseBytes(name, text))[0];

test('numbers with decimal commas are not divided', async () => {
  expect(await read('1,5;2,5\n3,1;4,2\n')).toEqual(['table: 1,5 | 2,5\n3,1 | 4,2']);
});

test('sentences with commas do not hide that tabs or semicolons divide', async () => {
  expect(await read('name;text\nAnn;yes, no, maybe\nBob;one, two\n')).toEqual([
    'table: name | text\nAnn | yes, no, maybe\nBob | one, two',
  ]);
});

test('blanks around quoted cells do not count', async () => {
  expect(await read('a, "b, c" , d\n"x" ,"y ""z""", \n')).toEqual(['table: a | b, c | d\nx | y "z"']);
});

test('a line that names the delimiter is not a row', async () => {
  expect(await read('sep=;\r\na,b;c\r\n')).toEqual(['table: a,b | c']);
});

test('rows of different lengths, empty rows and one column are kept as they are', async () => {
  expect(await read('a,b,c\n\n1\n2,3\n,,\n')).toEqual(['table: a | b | c\n1\n2 | 3']);
  expect(await read('one\ntwo\n')).toEqual(['table: one\ntwo']);
});
