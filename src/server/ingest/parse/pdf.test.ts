import { expect, test } from 'vitest';
import { column, makePdf } from '../../../../test/fixtures/parse/make-pdf.ts';
import { headerOf, outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const LINES = [
  'The quick brown fox jumps over the lazy dog and',
  'runs on into the forest where it meets a friend',
  'who has been waiting there for a long time.',
];

test('a PDF gives headings by size, paragraphs by gaps, and words whole again that a line end divided', async () => {
  const document = await parseBytes(
    'a.pdf',
    makePdf([
      {
        texts: [
          { x: 72, y: 720, text: 'Foxes', size: 20 },
          ...column(72, 690, LINES),
          ...column(72, 630, ['Another paragraph begins below a gap, and it con-', 'tinues here.']),
        ],
      },
    ]),
  );
  expect(outline(document)).toEqual([
    [
      'h1: Foxes',
      `paragraph: ${LINES.join(' ')}`,
      'paragraph: Another paragraph begins below a gap, and it continues here.',
    ],
  ]);
});

test('two columns are read one after the other', async () => {
  const document = await parseBytes(
    'a.pdf',
    makePdf([
      {
        texts: [
          ...column(50, 700, ['Left one goes', 'on to left two.']),
          ...column(330, 700, ['Right one goes', 'on to right two.']),
        ],
      },
    ]),
  );
  expect(outline(document)).toEqual([
    ['paragraph: Left one goes on to left two.', 'paragraph: Right one goes on to right two.'],
  ]);
});

test('cells that line up become a table; an empty cell stays empty', async () => {
  const row = (y: number, ...cells: readonly string[]) =>
    cells.map((text, i) => ({ x: 72 + i * 150, y, text })).filter(({ text }) => text !== '');
  const document = await parseBytes(
    'a.pdf',
    makePdf([
      {
        texts: [
          ...row(700, 'Fruit', 'Kind', 'Tons'),
          ...row(686, 'Apple', 'Gala', '12'),
          ...row(672, 'Plum', '', '7'),
          ...row(658, 'Pear', 'Abate', '3'),
        ],
      },
    ]),
  );
  expect(outline(document)).toEqual([
    ['table: Fruit | Kind | Tons\nApple | Gala | 12\nPlum |  | 7\nPear | Abate | 3'],
  ]);
  expect(headerOf(document)).toBe('Fruit | Kind | Tons');
});

test('narrow columns are divided where another row has an edge there, under titles that are centred over them', async () => {
  const document = await parseBytes(
    'a.pdf',
    makePdf([
      {
        texts: [
          { x: 140, y: 700, text: 'Region', font: 'Helvetica-Bold' },
          { x: 252, y: 700, text: '2024', font: 'Helvetica-Bold' },
          { x: 287, y: 700, text: '2025', font: 'Helvetica-Bold' },
          { x: 72, y: 686, text: 'The north and the islands off it' },
          { x: 264, y: 686, text: '12' },
          { x: 284, y: 686, text: '1,400' },
          { x: 72, y: 672, text: 'South' },
          { x: 293, y: 672, text: '900' },
          { x: 72, y: 658, text: 'West' },
          { x: 270, y: 658, text: '3' },
          { x: 305, y: 658, text: '2' },
        ],
      },
    ]),
  );
  expect(outline(document)).toEqual([
    [
      'table: Region | 2024 | 2025\nThe north and the islands off it | 12 | 1,400\nSouth |  | 900\nWest | 3 | 2',
    ],
  ]);
  expect(headerOf(document)).toBe('Region | 2024 | 2025');
});

test('a currency at the edge of its column belongs to the figure', async () => {
  const row = (y: number, ...places: readonly (readonly [number, string])[]) =>
    places.map(([x, text]) => ({ x, y, text }));
  const document = await parseBytes(
    'a.pdf',
    makePdf([
      {
        texts: [
          ...row(700, [230, '2018'], [350, '2019']),
          ...row(686, [72, 'North America'], [200, '$'], [234, '141'], [320, '$'], [354, '170']),
          ...row(672, [72, 'International'], [240, '65'], [360, '74']),
          ...row(658, [72, 'Together'], [200, '$'], [231, '(206)'], [320, '$'], [354, '244']),
        ],
      },
    ]),
  );
  expect(outline(document)).toEqual([
    [
      'table: | 2018 | 2019\nNorth America | $ 141 | $ 170\nInternational | 65 | 74\nTogether | $ (206) | $ 244',
    ],
  ]);
  expect(headerOf(document)).toBe('| 2018 | 2019');
});

test('a title that reaches from one column into the next joins none of their figures', async () => {
  const row = (y: number, ...places: readonly (readonly [number, string])[]) =>
    places.map(([x, text]) => ({ x, y, text }));
  const document = await parseBytes(
    'a.pdf',
    makePdf([
      {
        texts: [
          ...row(700, [72, 'Sales'], [290, 'Quarter']),
          ...row(686, [72, 'North America'], [220, '$'], [278, '141'], [320, '$'], [376, '170']),
          ...row(672, [72, 'International'], [284, '65'], [382, '74']),
          ...row(658, [72, 'Together'], [220, '$'], [278, '206'], [320, '$'], [376, '244']),
        ],
      },
    ]),
  );
  expect(outline(document)).toEqual([
    [
      'table: Sales | Quarter\nNorth America | $ 141 | $ 170\nInternational | 65 | 74\nTogether | $ 206 | $ 244',
    ],
  ]);
});

test('years beside each other below a title of their own are figures and no header', async () => {
  const row = (y: number, ...cells: readonly string[]) =>
    cells.map((text, i) => ({ x: 72 + i * 150, y, text }));
  const document = await parseBytes(
    'a.pdf',
    makePdf([
      { texts: [...row(700, 'Founded', '1998'), ...row(686, 'Moved', '2004'), ...row(672, 'Sold', '2011')] },
    ]),
  );
  expect(outline(document)).toEqual([['table: Founded | 1998\nMoved | 2004\nSold | 2011']]);
  expect(headerOf(document)).toBeUndefined();
});

test('lines of one width are code and keep their indentation', async () => {
  const code = (x: number, y: number, text: string) => ({ x, y, text, font: 'Courier' as const, size: 10 });
  const document = await parseBytes(
    'a.pdf',
    makePdf([
      {
        texts: [
          ...column(72, 720, LINES),
          code(72, 660, 'if (ready) {'),
          code(84, 646, 'go();'),
          code(72, 632, '}'),
        ],
      },
    ]),
  );
  expect(outline(document)[0]?.[1]).toBe('code: if (ready) {\n  go();\n}');
});

test('words that stand too close for PDFium are divided where the gap is wide', async () => {
  // one letter at a time: gaps of nothing inside the words, and of a tenth of the size between them
  const words = ['by', 'MaxLinear', 'Page', '2', 'of', 'six'];
  let x = 72;
  const texts = words.flatMap((word) => {
    const letters = [...word].map((text) => {
      const letter = { x, y: 700, text, font: 'Courier' as const, size: 20 };
      x += 11;
      return letter;
    });
    x += 4;
    return letters;
  });
  const document = await parseBytes('a.pdf', makePdf([{ texts }]));
  expect(document.pages[0]!.text).toBe(words.join(' '));
});

test('page numbers that wander over the foot of the page go as well', async () => {
  const pages = ['One', 'Two', 'Three', 'Four', 'Five'].map((name, i) => ({
    texts: [
      ...column(72, 700, [`${name} has words of its own.`]),
      { x: 300, y: 60 - i * 8, text: String(i + 11) },
    ],
  }));
  const document = await parseBytes('a.pdf', makePdf(pages));
  expect(document.pages[2]!.text).toBe('Three has words of its own.');
});

test('running heads and page numbers go, but the first head stays and so does what only looks like one', async () => {
  const document = await parseBytes(
    'a.pdf',
    makePdf(
      ['First', 'Second', 'Third', 'Fourth'].map((name, i) => ({
        texts: [
          { x: 72, y: 760, text: 'The Annual Report' },
          ...(i === 2 ? [{ x: 72, y: 735, text: 'A line like no other' }] : []),
          ...column(72, 600, [`${name} page has its own words.`]),
          { x: 300, y: 30, text: `Page ${i + 1} of 4` },
        ],
      })),
    ),
  );
  expect(document.pages.map((page) => page.text)).toEqual([
    'The Annual Report\n\nFirst page has its own words.',
    'Second page has its own words.',
    'A line like no other\n\nThird page has its own words.',
    'Fourth page has its own words.',
  ]);
});

test('a page that is turned reads like any other', async () => {
  const document = await parseBytes('a.pdf', makePdf([{ rotate: 90, texts: column(72, 500, LINES) }]));
  expect(outline(document)).toEqual([[`paragraph: ${LINES.join(' ')}`]]);
});

test('pages without text keep their number, and the title comes from the file', async () => {
  const document = await parseBytes(
    'a.pdf',
    makePdf([{ texts: [] }, { texts: column(72, 700, ['Text on page two.']) }], { title: 'The minutes' }),
  );
  expect(outline(document)).toEqual([[], ['paragraph: Text on page two.']]);
  expect(document.title).toBe('The minutes');
});

test('a PDF of pictures asks for OCR, one of nothing is empty', async () => {
  await expect(parseBytes('scan.pdf', makePdf([{ texts: [], picture: true }]))).rejects.toMatchObject({
    code: 'NEEDS_OCR',
  });
  await expect(parseBytes('blank.pdf', makePdf([{ texts: [] }]))).rejects.toMatchObject({
    code: 'FILE_EMPTY',
  });
});

test('a PDF of many pages gives every page once', async () => {
  const pages = Array.from({ length: 120 }, (_, i) => ({
    texts: column(72, 700, [`Words of leaf number ${i + 1} only.`]),
  }));
  const document = await parseBytes('a.pdf', makePdf(pages));
  expect(document.pages.map((page) => page.text)).toEqual(
    pages.map((_, i) => `Words of leaf number ${i + 1} only.`),
  );
});
