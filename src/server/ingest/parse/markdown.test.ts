import { expect, test } from 'vitest';
import { headerOf, outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const read = async (text: string) => outline(await parseBytes('a.md', text))[0];

test('code within a line keeps its marks, and may be the text of a link', async () => {
  expect(await read('Pass `*args` and `**kwargs` to [`f(*a)`](https://x.example/f_(y)) *now*.')).toEqual([
    'paragraph: Pass *args and **kwargs to f(*a) now.',
  ]);
});

test('three backticks around words of a line open no block', async () => {
  expect(await read('```npm install```\n\nThen *start*.')).toEqual([
    'paragraph: npm install',
    'paragraph: Then start.',
  ]);
});

test('comments go, except in code', async () => {
  expect(
    await read(
      'a <!-- one --> b <!-- two\nlines --> c `<!-- shown -->`\n\n```html\n<!-- kept -->\n```\n\n<!-- open\nend',
    ),
  ).toEqual(['paragraph: a b\nc <!-- shown -->', 'code: <!-- kept -->', 'paragraph: <!-- open\nend']);
});

test('HTML between Markdown is read as HTML', async () => {
  const document = await parseBytes(
    'a.md',
    '# T\n<p align="center">\n  <b>Fast</b> &amp; small\n</p>\n\n<table>\n<tr><th>A</th><th>B</th></tr>\n\n<tr><td>1</td><td>2</td></tr>\n</table>\n\n<details><summary>More</summary>\n\n**bold** words\n\n</details>\nlast\n\na <T> b',
  );
  expect(outline(document)).toEqual([
    [
      'h1: T',
      'paragraph: Fast & small',
      'table: A | B\n1 | 2',
      'paragraph: More',
      'paragraph: bold words',
      'paragraph: last',
      'paragraph: a <T> b',
    ],
  ]);
  expect(headerOf(document)).toBe('A | B');
});

test('notes are text, targets of links are not', async () => {
  expect(await read('Word[^1] and [link][2].\n\n[2]: https://x.example\n\n[^1]: What it means.')).toEqual([
    'paragraph: Word[^1] and link.',
    'paragraph: [^1]: What it means.',
  ]);
});

test('a rule ends a list', async () => {
  expect(await read('- a\n- b\n---\nafter')).toEqual(['list: - a\n- b', 'paragraph: after']);
});

test('TOML before the text gives the title', async () => {
  const document = await parseBytes(
    'a.md',
    '+++\ntitle = "Guide"\ndraft = false\n[extra]\nx = 1\n+++\nText.',
  );
  expect(outline(document)).toEqual([['paragraph: Text.']]);
  expect(document.title).toBe('Guide');
});
