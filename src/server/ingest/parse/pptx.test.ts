import { expect, test } from 'vitest';
import { makePptx, shape, slideLinks, XML } from '../../../../test/fixtures/parse/make-package.ts';
import { outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const cell = (text: string, attributes = ''): string =>
  `<a:tc ${attributes}><a:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></a:txBody></a:tc>`;

test('columns stay in line below a cell that reaches over several of them', async () => {
  const table = `<a:tbl><a:tr>${cell('Year', 'gridSpan="2"')}${cell('', 'hMerge="1"')}${cell('Sum')}</a:tr><a:tr>${cell('2024')}${cell('May')}${cell('7')}</a:tr></a:tbl>`;
  expect(outline(await parseBytes('a.pptx', makePptx([table])))).toEqual([
    ['table: Year |  | Sum\n2024 | May | 7'],
  ]);
});

test('a chart gives a row a category', async () => {
  const points = (...values: readonly string[]) =>
    values.map((value, i) => `<c:pt idx="${i}"><c:v>${value}</c:v></c:pt>`).join('');
  const document = await parseBytes(
    'a.pptx',
    makePptx([`${shape(['Sales'], 'title')}<p:graphicFrame><c:chart r:id="c1"/></p:graphicFrame>`], {
      'ppt/slides/_rels/slide1.xml.rels': slideLinks([['c1', 'chart', '../charts/chart1.xml']]),
      'ppt/charts/chart1.xml': `${XML}<c:chart><c:ser><c:tx><c:v>Tons</c:v></c:tx><c:xVal>${points('1', '2')}</c:xVal><c:yVal>${points('8.5', '9')}</c:yVal></c:ser></c:chart>`,
    }),
  );
  expect(outline(document)).toEqual([['h1: Sales', 'table: | Tons\n1 | 8.5\n2 | 9']]);
});
