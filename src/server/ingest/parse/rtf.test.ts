import { expect, test } from 'vitest';
import { headerOf, outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const HEAD = String.raw`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial CYR;}{\f2\fcharset128 Mincho;}}`;
const parse = (body: string, head = HEAD) => parseBytes('a.rtf', Buffer.from(`${head}${body}}`, 'latin1'));
const read = async (body: string, head = HEAD) => outline(await parse(body, head));

test('what stands for a Unicode character ends with its group, and is counted in bytes', async () => {
  expect(
    await read(
      String.raw`{\u8364}abc \uc2\u26481 ??\uc0\u20140 !\uc1 \u8220\ldblquote x\u-10179?\u-8704?\par`,
    ),
  ).toEqual([['paragraph: €abc 東京!“x😀']]);
});

test.each([
  [String.raw`{\rtf1\ansi\ansicpg65001 `, String.raw`caf\'c3\'a9`, 'café'],
  [String.raw`{\rtf1\ansi\ansicpg932 `, String.raw`\'93\'8c\'8b\'9e`, '東京'],
  [String.raw`{\rtf1\mac `, String.raw`caf\'8e`, 'café'],
  [String.raw`{\rtf1\pc `, String.raw`caf\'82`, 'café'],
  [HEAD, String.raw`{\f2 \'83\\}`, 'ソ'],
])('the code page of %s is followed', async (head, body, text) => {
  expect(await read(String.raw`${body}\par`, head)).toEqual([[`paragraph: ${text}`]]);
});

test('hidden and deleted text is left out until the next plain text', async () => {
  expect(
    await read(
      String.raw`a\v b\plain c{\deleted d}{\revised e}{\*\unknown f}{\field{\*\fldinst HYPERLINK x}{\fldrslt g}}\par`,
    ),
  ).toEqual([['paragraph: aceg']]);
});

test('list items keep the numbers that the file shows for them, and their depth', async () => {
  expect(
    await read(
      String.raw`{\listtext\pard\plain 1.\tab}\pard\ls1 one\par{\listtext\f2\'b7\tab}\pard\ls1\ilvl1 dot\par{\pntext 2)\tab}\pard two\par\pard no item\par`,
    ),
  ).toEqual([['list: 1. one\n  - dot\n2) two', 'paragraph: no item']]);
});

test('properties of a paragraph end with their group', async () => {
  expect(
    await read(
      String.raw`{\pard\outlinelevel0 Heading\par}Body\par{\pard\trowd\trhdr\intbl A\cell B\cell\row\trowd 1\cell 2\cell\row}After\par`,
    ),
  ).toEqual([['h1: Heading', 'paragraph: Body', 'table: A | B\n1 | 2', 'paragraph: After']]);
});

test('a row may be marked as header', async () => {
  const document = await parse(
    String.raw`\trowd\trhdr\pard\intbl A\cell B\cell\row\trowd\pard\intbl 1\cell 2\par more\cell\row\pard End\par`,
  );
  expect(outline(document)).toEqual([['table: A | B\n1 | 2 more', 'paragraph: End']]);
  expect(headerOf(document)).toBe('A | B');
});

test('a table in a cell is text of the cell', async () => {
  expect(
    await read(
      String.raw`\trowd\pard\intbl X\cell\pard\intbl\itap2 a\nestcell{\nonesttables\par}b\nestcell{\*\nesttableprops\trowd\nestrow}\pard\intbl\itap1\cell\row\trowd Y\cell Z\cell\row\pard`,
    ),
  ).toEqual([['table: X | a | b\nY | Z']]);
});

test('notes follow at the end of their page, boxes and objects show their text', async () => {
  expect(
    await read(
      String.raw`{\pard See{\super\chftn{\footnote\pard\plain\chftn  A note\par of two lines}} this.\par}` +
        String.raw`Anchor{\shp{\*\shpinst\shpleft1{\sp{\sn x}{\sv 1}}{\shptxt\pard In a box\par}}{\shprslt{\*\do In a box\par}}} text.\par` +
        String.raw`{\object\objemb{\*\objdata 00ff}{\result Shown}}\par\page Two\par`,
    ),
  ).toEqual([
    [
      'paragraph: See this.',
      'paragraph: In a box',
      'paragraph: Anchor text.',
      'paragraph: Shown',
      'paragraph: A note\nof two lines',
    ],
    ['paragraph: Two'],
  ]);
});

test('a title is decoded, and words that every object has a property for are nothing', async () => {
  const document = await parse(
    String.raw`{\info{\title Gr\'fc\u223?e}{\author Me}}\constructor Text\toString .\par`,
  );
  expect(outline(document)).toEqual([['paragraph: Text.']]);
  expect(document.title).toBe('Grüße');
});
