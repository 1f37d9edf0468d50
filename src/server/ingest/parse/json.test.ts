import { expect, test } from 'vitest';
import { headerOf, outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const read = async (text: string, name = 'a.json') => outline(await parseBytes(name, text))[0];

test('records inside an object are a table under their name', async () => {
  const document = await parseBytes('a.json', '{"page":1,"next":null,"items":[{"id":1,"n":"a"},{"id":2}]}');
  expect(outline(document)).toEqual([['paragraph: page: 1', 'paragraph: items', 'table: id | n\n1 | a\n2']]);
  expect(headerOf(document)).toBe('id | n');
});

test('rows are a table', async () => {
  expect(await read('[["Year","Sum"],[2024,5],[2025,null]]')).toEqual(['table: Year | Sum\n2024 | 5\n2025']);
});

test('columns may be named like what every object has', async () => {
  expect(await read('[{"constructor":"Ferrari","year":1},{"year":2},{"__proto__":"p"}]')).toEqual([
    'table: constructor | year | __proto__\nFerrari | 1\n| 2\n|  | p',
  ]);
});

test('numbers that are too long for a number keep their digits', async () => {
  expect(await read('{"id":12345678901234567890,"pi":3.14}')).toEqual([
    'paragraph: id: 12345678901234567890\npi: 3.14',
  ]);
  expect(await read('{"id":12345678901234567891}\n{"id":2}\n', 'a.jsonl')).toEqual([
    'table: id\n12345678901234567891\n2',
  ]);
});

test('scalars, nested lists and mixed lists are lines', async () => {
  expect(await read('"only words"')).toEqual(['paragraph: only words']);
  expect(await read('[1,[2,[3]],{"a":{"b":4}}]')).toEqual([
    'paragraph: 1',
    'paragraph: 2\n3',
    'paragraph: a.b: 4',
  ]);
  expect(await read('[{"a":{"b":[1,2]}}]')).toEqual(['paragraph: a.b: 1\na.b: 2']);
});

test.each(['[]', '{}', '[{}]', '{"a":null}'])('%s holds no text', async (text) => {
  await expect(read(text)).rejects.toMatchObject({ code: 'FILE_EMPTY' });
});

test('a file may be named after what every object has', async () => {
  expect((await parseBytes('notes.constructor', 'just words')).mimeType).toBe('text/plain');
});
