import { expect, test } from 'vitest';
import { makeDocx, paragraph, run, slideLinks, XML } from '../../../../test/fixtures/parse/make-package.ts';
import { outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const read = async (body: string, parts: Readonly<Record<string, string>> = {}) =>
  outline(await parseBytes('a.docx', makeDocx(body, parts)));

const item = (text: string, list: number, level = 0): string =>
  paragraph(text, `<w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="${list}"/></w:numPr>`);

const numbering = (lists: string, start = 1): Record<string, string> => ({
  'word/numbering.xml': `${XML}<w:numbering xmlns:w="w"><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="${start}"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum>${lists}</w:numbering>`,
});

test('hidden text and the readings above words are not part of the text', async () => {
  expect(
    await read(
      `<w:p>${run('seen ')}<w:r><w:rPr><w:vanish/></w:rPr><w:t>unseen </w:t></w:r><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>shown </w:t></w:r>` +
        `<w:r><w:ruby><w:rt>${run('とう')}</w:rt><w:rubyBase>${run('東')}</w:rubyBase></w:ruby></w:r></w:p>`,
    ),
  ).toEqual([['paragraph: seen shown 東']]);
});

test('a paragraph whose end is deleted goes on in the next one', async () => {
  expect(
    await read(
      `${paragraph('One half ', '<w:rPr><w:del w:id="1"/></w:rPr>')}${paragraph('and the other.')}${paragraph('Next.')}`,
    ),
  ).toEqual([['paragraph: One half and the other.', 'paragraph: Next.']]);
});

test('lists of one definition count on unless they restart, and may begin at 0', async () => {
  const lists =
    '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="7"/></w:num>' +
    '<w:num w:numId="3"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>';
  const body = item('a', 1) + item('b', 2) + item('c', 3) + item('d', 3);
  expect(await read(body, numbering(lists, 0))).toEqual([['list: 0. a\n1. b\n5. c\n6. d']]);
});

test('a list level or a start beyond all measure does not break the file', async () => {
  const lists =
    '<w:num w:numId="1"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="-40"/></w:lvlOverride></w:num>';
  const letters = {
    'word/numbering.xml': numbering(lists)['word/numbering.xml']!.replace('decimal', 'upperLetter'),
  };
  expect(await read(item('deep', 1, 1e10) + item('low', 1), letters)).toEqual([['list: - deep\n-40. low']]);
});

test('charts and diagrams stand where they are shown', async () => {
  const point = (idx: number, value: string) => `<c:pt idx="${idx}"><c:v>${value}</c:v></c:pt>`;
  const categories = `<c:cat>${point(0, 'Q1')}${point(1, 'Q2')}</c:cat>`;
  expect(
    await read(
      `<w:p>${run('See the chart.')}<w:r><w:drawing><c:chart xmlns:rel="r" rel:id="c1"/></w:drawing></w:r></w:p>` +
        `<w:p><w:r><w:drawing><dgm:relIds xmlns:r="r" r:dm="d1"/></w:drawing></w:r></w:p>${paragraph('After.')}`,
      {
        'word/_rels/document.xml.rels': slideLinks([
          ['c1', 'chart', 'charts/chart1.xml'],
          ['d1', 'diagramData', 'diagrams/data1.xml'],
        ]),
        'word/charts/chart1.xml': `${XML}<c:chart><c:title><a:t>Yield</a:t></c:title><c:ser><c:tx><c:v>Apples</c:v></c:tx>${categories}<c:val>${point(0, '4.2999999999999998')}${point(1, '5')}</c:val></c:ser><c:ser><c:tx><c:v>Pears</c:v></c:tx>${categories}<c:val>${point(1, '7')}</c:val></c:ser></c:chart>`,
        'word/diagrams/data1.xml': `${XML}<dgm:dataModel><dgm:pt><a:t>Sow</a:t></dgm:pt><dgm:pt type="pres"><a:t>Sow</a:t></dgm:pt></dgm:dataModel>`,
      },
    ),
  ).toEqual([
    [
      'paragraph: See the chart.',
      'paragraph: Yield',
      'table: | Apples | Pears\nQ1 | 4.3\nQ2 | 5 | 7',
      'list: - Sow',
      'paragraph: After.',
    ],
  ]);
});

test('an entity named like something that every object has is nothing', async () => {
  expect(await read(paragraph('a&constructor;b'))).toEqual([['paragraph: ab']]);
});
