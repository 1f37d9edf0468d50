import iconv from 'iconv-lite';
import { expect, test } from 'vitest';
import { headerOf, outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

test('HTML gives the content and leaves out scripts, hidden parts and the frame of the site', async () => {
  const document = await parseBytes(
    'a.html',
    `<!doctype html><title>Bees &amp; wasps</title><style>p{}</style><nav>Home | Shop</nav><main><h1>Bees</h1>
     <p>They <b>fly</b>
     far.<br>And back.<p>Unclosed<ul><li>wax<li>honey<ul><li>dark</ul></ul>
     <div style="display: none">secret</div><pre>let x = 1;\n  y();</pre>
     <table><tr><th>Kind<th>Size<tr><td>Honey bee<td>12 mm</table></main><footer>Imprint</footer><script>alert(1)</script>`,
  );
  expect(outline(document)).toEqual([
    [
      'h1: Bees',
      'paragraph: They fly far.\nAnd back.',
      'paragraph: Unclosed',
      'list: - wax\n- honey\n  - dark',
      'code: let x = 1;\n  y();',
      'table: Kind | Size\nHoney bee | 12 mm',
    ],
  ]);
  expect(headerOf(document)).toBe('Kind | Size');
  expect(document.title).toBe('Bees & wasps');
});

test('HTML that is all frame is read all the same', async () => {
  expect(outline(await parseBytes('a.html', '<html><body><nav>Only this</nav></body></html>'))).toEqual([
    ['paragraph: Only this'],
  ]);
});

test('HTML is decoded by the charset that it names', async () => {
  const html = iconv.encode(
    '<html><head><meta charset="windows-1251"></head><body><p>Привет, мир</p></body></html>',
    'windows-1251',
  );
  expect((await parseBytes('a.html', html)).pages[0]!.text).toBe('Привет, мир');
});

test('Markdown gives headings, lists, code and tables without its marks', async () => {
  const document = await parseBytes(
    'a.md',
    `---\ntitle: "The guide"\ntags: [a]\n---\n# Start *here*\n\nA [link](https://x.example/a) and **bold** snake_case_name.\n<!-- hidden -->\n\n- one\n  - two\n1. three\n\n\`\`\`js\n# no heading\n\nf();\n\`\`\`\n\n| A | B |\n|---|:-:|\n| 1 | x \\| y |\n\nUnder\n=====\n`,
  );
  expect(outline(document)).toEqual([
    [
      'h1: Start here',
      'paragraph: A link and bold snake_case_name.',
      'list: - one\n  - two\n1. three',
      'code: # no heading\n\nf();',
      'table: A | B\n1 | x | y',
      'h1: Under',
    ],
  ]);
  expect(document.title).toBe('The guide');
});

test('plain text keeps its lines, its lists and its pages', async () => {
  const document = await parseBytes(
    'a.txt',
    'Roses are red\r\nViolets are blue\r\n\r\n* one\r\n* two\fSecond page',
  );
  expect(outline(document)).toEqual([
    ['paragraph: Roses are red\nViolets are blue', 'list: - one\n- two'],
    ['paragraph: Second page'],
  ]);
});

test.each([
  ['utf16le', 'Zażółć gęślą jaźń', true],
  ['utf16be', 'Zażółć gęślą jaźń', true],
  ['windows-1252', 'Déjà vu à la façade, naïve café où l’été s’achève déjà très tôt', false],
  [
    'koi8-r',
    'Съешь же ещё этих мягких французских булок, да выпей чаю. Широкая электрификация южных губерний.',
    false,
  ],
  ['shift_jis', '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。', false],
  ['gb18030', '我能吞下玻璃而不伤身体。今天的天气很好，我们去公园散步吧。', false],
])('text in %s is read as what it says', async (encoding, text, addBOM) => {
  expect((await parseBytes('a.txt', iconv.encode(text, encoding, { addBOM }))).pages[0]!.text).toBe(text);
});

test('a few stray bytes do not change the encoding of UTF-8 text', async () => {
  const bytes = Buffer.concat([
    Buffer.from('Größe und Länge, Übermaß '),
    Buffer.of(0xff),
    Buffer.from(' Ende'),
  ]);
  expect((await parseBytes('a.txt', bytes)).pages[0]!.text).toBe('Größe und Länge, Übermaß � Ende');
});

test('NULs, lone surrogates, direction marks and soft hyphens leave the text, ligatures become letters', async () => {
  const text = 'a\0b \u202Eevil\u202C zero\u200Bwidth soft\u00ADhyphen ﬁne e\u0301 \u{E0041}tag';
  expect((await parseBytes('a.txt', `${text} end of the line`)).pages[0]!.text).toBe(
    'ab evil zerowidth softhyphen fine é tag end of the line',
  );
});

test.each([
  [',', 'a.csv'],
  [';', 'a.csv'],
  ['\t', 'a.csv'],
  ['|', 'a.csv'],
])('CSV divided by %j becomes rows with a header', async (delimiter, name) => {
  const rows = [
    ['name', 'note', 'sum'],
    ['Ann', '"said ""hi""\nand left"', '3'],
    ['Bob', '', '4'],
  ];
  const document = await parseBytes(name, rows.map((row) => row.join(delimiter)).join('\n'));
  expect(outline(document)).toEqual([['table: name | note | sum\nAnn | said "hi" and left | 3\nBob |  | 4']]);
  expect(headerOf(document)).toBe('name | note | sum');
});

test('a quote that is never closed does not swallow the rest of a CSV', async () => {
  expect(outline(await parseBytes('a.csv', 'a,b\n"open,1\nx,2\n'))).toEqual([
    ['table: a | b\n"open | 1\nx | 2'],
  ]);
});

test('JSON becomes lines of paths, records become a table, and what is no JSON is text', async () => {
  expect(
    outline(await parseBytes('a.json', '{"name":"Ann","pets":[{"kind":"cat"},{"kind":"dog"}]}')),
  ).toEqual([['paragraph: name: Ann', 'paragraph: pets.kind: cat\npets.kind: dog']]);
  expect(outline(await parseBytes('a.jsonl', '{"a":1,"b":"x"}\n{"a":2}\n'))).toEqual([
    ['table: a | b\n1 | x\n2'],
  ]);
  const broken = await parseBytes('a.json', '{"a": oops');
  expect([broken.mimeType, broken.pages[0]!.text]).toEqual(['text/plain', '{"a": oops']);
});

test('a mail gives its head as lines, its text and its readable attachments as pages', async () => {
  const document = await parseBytes(
    'a.eml',
    [
      'From: Ann <ann@x.example>',
      'To: bob@x.example',
      'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
      'Date: Mon, 1 Jan 2024 10:00:00 +0000',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'See the list.',
      '--b',
      'Content-Type: text/csv; name="list.csv"',
      'Content-Disposition: attachment; filename="list.csv"',
      '',
      'k,v',
      'a,1',
      '--b',
      'Content-Type: image/png; name="p.png"',
      'Content-Disposition: attachment; filename="p.png"',
      'Content-Transfer-Encoding: base64',
      '',
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ',
      '--b--',
      '',
    ].join('\r\n'),
  );
  const [mail, attachment] = outline(document);
  expect(mail?.slice(0, 1)).toEqual(['h1: Grüße']);
  expect(mail?.[1]).toMatch(/^paragraph: From: Ann <ann@x\.example>\nTo: bob@x\.example\nDate: /);
  expect(mail?.[2]).toBe('paragraph: See the list.');
  expect(attachment).toEqual(['h1: list.csv', 'table: k | v\na | 1', 'paragraph: Attachment: p.png']);
  expect(headerOf(document, 2)).toBe('k | v');
});

test('RTF gives paragraphs, tables, Unicode and code pages', async () => {
  const document = await parseBytes(
    'a.rtf',
    String.raw`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial CYR;}}{\info{\title A letter}{\author Nobody}}{\*\generator X;}` +
      String.raw`\pard Caf\'e9 \u8364?5 and {\f1 \'cf\'f0\'e8\'e2\'e5\'f2}.\par {\header not this}\trowd\pard\intbl A\cell B\cell\row\trowd\pard\intbl 1\cell 2\cell\row\pard After \{it\}\par\page Two\par}`,
  );
  expect(outline(document)).toEqual([
    ['paragraph: Café €5 and Привет.', 'table: A | B\n1 | 2', 'paragraph: After {it}'],
    ['paragraph: Two'],
  ]);
  expect(document.title).toBe('A letter');
});

test('source code keeps its layout', async () => {
  const document = await parseBytes('a.py', 'def f(x):\n    if x:\n\n        return 1\n');
  expect(document.mimeType).toBe('text/x-source');
  expect(outline(document)).toEqual([['code: def f(x):\n    if x:\n\n        return 1']]);
});

test('the content decides over the name where the name is missing', async () => {
  expect((await parseBytes('README', '# Title\n\nSee [this](https://x.example).\n')).mimeType).toBe(
    'text/markdown',
  );
  expect((await parseBytes('page', '<!DOCTYPE html><html><body>x y</body></html>')).mimeType).toBe(
    'text/html',
  );
  expect((await parseBytes('data', '{"a": 1}')).mimeType).toBe('application/json');
  expect((await parseBytes('note', 'just words')).mimeType).toBe('text/plain');
});
