import { expect, test } from 'vitest';
import { headerOf, outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const read = async (html: string) =>
  outline(await parseBytes('a.html', `<!doctype html><html><body>${html}</body></html>`))[0];

test('columns stay in line under cells that reach over columns and rows', async () => {
  const document = await parseBytes(
    'a.html',
    `<table><thead><tr><td>Region<td colspan=2>2024<td>Sum</thead>
     <tr><td rowspan=2>North<td>a<td>b<td rowspan=2>x<tr><td>c<td>d<tr><td>South<td>e<td>f<td>y</table>`,
  );
  expect(outline(document)).toEqual([
    ['table: Region | 2024 |  | Sum\nNorth | a | b | x\n| c | d\nSouth | e | f | y'],
  ]);
  expect(headerOf(document)).toBe('Region | 2024 |  | Sum');
});

test('a header row may begin with an empty cell; a row that only begins with a header is none', async () => {
  const document = await parseBytes(
    'a.html',
    '<table><tr><td></td><th>2023</th></tr><tr><th>Oil</th><td>4</td></tr></table>',
  );
  expect(headerOf(document)).toBe('| 2023');
});

test('a table that lays out a page is read as the page', async () => {
  const cells = '<h2>Offer</h2><p>Cheap <table><tr><th>Day<th>Price<tr><td>Mon<td>3</table> today.</p>';
  expect(await read(`<table><tr><td>${cells}</td></tr></table>`)).toEqual([
    'h2: Offer',
    'paragraph: Cheap',
    'table: Day | Price\nMon | 3',
    'paragraph: today.',
  ]);
  expect(await read(`<table><tr><td><p>side<p>column</td><td>${cells}</td></tr></table>`)).toEqual([
    'paragraph: side',
    'paragraph: column',
    'h2: Offer',
    'paragraph: Cheap',
    'table: Day | Price\nMon | 3',
    'paragraph: today.',
  ]);
});

test('a table in a cell of a table is text of the cell; captions come before their table', async () => {
  expect(
    await read(
      '<table><caption>Stock</caption><tr><td>A<td><table><tr><td>1<td>2<tr><td>3<td>4</table><tr><td>B<td>C</table>',
    ),
  ).toEqual(['paragraph: Stock', 'table: A | 1 | 2; 3 | 4\nB | C']);
});

test('an empty table is nothing', async () => {
  expect(await read('<p>x</p><table></table><table><tr><td> </td></tr></table><p>y</p>')).toEqual([
    'paragraph: x',
    'paragraph: y',
  ]);
});

test('items keep their marker around blocks, and lists their own numbers', async () => {
  expect(
    await read(
      '<ol start=3><li><section>three</section><li value=7><p>seven<p>more<li>eight<ul><li>deep</ul>tail</ol>',
    ),
  ).toEqual(['list: 3. three\n7. seven more\n8. eight\n  - deep', 'paragraph: tail']);
});

test("the page's title in the head of the site is kept, and notes beside the text are", async () => {
  expect(
    await read(
      '<header><a>Shop</a><nav><h1>Menu</h1></nav><h1>Real title</h1><p>by line</p></header>' +
        '<aside>related pages</aside><main><p>Text.</p><aside>Mind the step.</aside><nav>next</nav></main>',
    ),
  ).toEqual(['h1: Real title', 'paragraph: Text.', 'paragraph: Mind the step.']);
});

test('buttons are dropped, but not the ones that headings are made of', async () => {
  expect(await read('<h3><button>What is it?</button></h3><p>A bee. <button>Copy</button></p>')).toEqual([
    'h3: What is it?',
    'paragraph: A bee.',
  ]);
});

test('hidden parts are left out unless a search may unfold them', async () => {
  expect(
    await read(
      '<p hidden>no<p hidden="until-found">found</p><p aria-hidden=true>no<p style="visibility: hidden">no</p>' +
        '<details><summary>More</summary><p>inside</p></details><template>no</template><noscript>no</noscript>',
    ),
  ).toEqual(['paragraph: found', 'paragraph: More', 'paragraph: inside']);
});

test('readings above words and copies of formulas are left out, quotes are written', async () => {
  expect(
    await read(
      '<p><ruby>東<rp>(</rp><rt>とう</rt><rp>)</rp></ruby>京 <math><mi>x</mi><annotation>x_1</annotation></math> <q>so</q> &constructor; &hellip;',
    ),
  ).toEqual(['paragraph: 東京 x “so” &constructor; …']);
});

test('lines of code that are elements stay lines, and blanks in code stay', async () => {
  expect(await read('<pre><div>if x:</div><div>  y()</div></pre><dl><dt>Term<dd>Meaning</dl>')).toEqual([
    'code: if x:\n  y()',
    'paragraph: Term',
    'paragraph: Meaning',
  ]);
});

test('an XHTML title or script without content does not swallow the page', async () => {
  const html = '<html><head><title/><script src="a.js"/><style/></head><body><p>Text.</p></body></html>';
  expect(outline(await parseBytes('a.xhtml', html))).toEqual([['paragraph: Text.']]);
});

test('a page of frames gives the text for readers without frames', async () => {
  const html =
    '<html><head><title>F</title></head><frameset><frame src=x><noframes><body><p>No <b>frames</b></body></noframes></frameset></html>';
  expect(outline(await parseBytes('a.html', html))).toEqual([['paragraph: No frames']]);
});
