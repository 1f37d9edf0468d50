import { expect, test } from 'vitest';
import { makeDoc, makePpt, makeXls } from '../../../../test/fixtures/parse/make-legacy-office.ts';
import {
  makeDocx,
  makeEpub,
  makeOpenDocument,
  makePptx,
  makeXlsx,
  makeZip,
  paragraph,
  run,
  shape,
  slideLinks,
  XML,
} from '../../../../test/fixtures/parse/make-package.ts';
import { headerOf, outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

test('a DOCX gives headings, paragraphs, lists and tables in order', async () => {
  const document = await parseBytes(
    'a.docx',
    makeDocx(
      [
        paragraph('Harvest report', '<w:pStyle w:val="Kop1"/>'),
        paragraph('Apples &amp; pears did well.'),
        paragraph('first', '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'),
        paragraph('second', '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'),
        '<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>',
        `<w:tc>${paragraph('Fruit')}</w:tc><w:tc>${paragraph('Tons')}</w:tc></w:tr>`,
        `<w:tr><w:tc>${paragraph('Apple')}</w:tc><w:tc>${paragraph('12')}${paragraph('estimated')}</w:tc></w:tr></w:tbl>`,
      ].join(''),
      {
        'word/styles.xml': `${XML}<w:styles xmlns:w="w"><w:style w:type="paragraph" w:styleId="Kop1"><w:name w:val="heading 1"/></w:style></w:styles>`,
        'word/numbering.xml': `${XML}<w:numbering xmlns:w="w"><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1)"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:numbering>`,
      },
    ),
  );
  expect(outline(document)).toEqual([
    [
      'h1: Harvest report',
      'paragraph: Apples & pears did well.',
      'list: c) first\nd) second',
      'table: Fruit | Tons\nApple | 12 estimated',
    ],
  ]);
  expect(headerOf(document)).toBe('Fruit | Tons');
  expect(document.title).toBe('Harvest report');
});

test('a DOCX reads as if its tracked changes were accepted, and the fallback of a drawing is not read twice', async () => {
  const document = await parseBytes(
    'a.docx',
    makeDocx(
      `<w:p>${run('kept ')}<w:ins>${run('inserted ')}</w:ins><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>` +
        `<w:p>${run('anchor')}<mc:AlternateContent xmlns:mc="mc"><mc:Choice><w:txbxContent>${paragraph('in a box')}</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>${paragraph('in a box')}</w:txbxContent></mc:Fallback></mc:AlternateContent></w:p>` +
        `<w:p><w:r><w:instrText>PAGE</w:instrText></w:r>${run('end')}</w:p>`,
    ),
  );
  expect(outline(document)).toEqual([
    ['paragraph: kept inserted', 'paragraph: in a box', 'paragraph: anchor', 'paragraph: end'],
  ]);
});

test("a DOCX's pages follow its breaks, and a footnote stands on the page that refers to it", async () => {
  const document = await parseBytes(
    'a.docx',
    makeDocx(
      `<w:p>${run('One')}<w:r><w:footnoteReference w:id="2"/></w:r></w:p><w:p><w:r><w:br w:type="page"/></w:r></w:p>` +
        `<w:p><w:r><w:lastRenderedPageBreak/></w:r>${run('Two')}</w:p><w:p>${run('Still two ')}<w:r><w:lastRenderedPageBreak/></w:r>${run('to its end')}</w:p>${paragraph('Three')}`,
      {
        'word/footnotes.xml': `${XML}<w:footnotes xmlns:w="w"><w:footnote w:type="separator" w:id="0">${paragraph('---')}</w:footnote><w:footnote w:id="2">${paragraph('A note')}</w:footnote></w:footnotes>`,
      },
    ),
  );
  expect(outline(document)).toEqual([
    ['paragraph: One', 'paragraph: A note'],
    ['paragraph: Two', 'paragraph: Still two to its end'],
    ['paragraph: Three'],
  ]);
});

test('a PPTX gives a page a slide in the order of the presentation, with tables, diagrams and notes', async () => {
  const table = `<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Year</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>Sales</a:t></a:r></a:p></a:txBody></a:tc></a:tr><a:tr><a:tc><a:txBody><a:p><a:r><a:t>2024</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>7</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>`;
  const document = await parseBytes(
    'a.pptx',
    makePptx(
      [
        shape(['Our plan'], 'title') + shape(['grow', 'slowly'], 'body') + shape(['12'], 'sldNum'),
        `${table}<p:graphicFrame><dgm:relIds r:dm="d1"/></p:graphicFrame>`,
      ],
      {
        'ppt/slides/_rels/slide1.xml.rels': slideLinks([
          ['d1', 'diagramData', '../diagrams/data1.xml'],
          ['n1', 'notesSlide', '../notesSlides/notesSlide1.xml'],
        ]),
        'ppt/diagrams/data1.xml': `${XML}<dgm:dataModel xmlns:dgm="d" xmlns:a="a"><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>Sow</a:t></a:r></a:p></dgm:t></dgm:pt><dgm:pt type="pres"><dgm:t><a:p><a:r><a:t>Sow</a:t></a:r></a:p></dgm:t></dgm:pt><dgm:pt><dgm:t><a:p><a:r><a:t>Reap</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>`,
        'ppt/notesSlides/notesSlide1.xml': `${XML}<p:notes xmlns:p="p" xmlns:a="a">${shape(['Smile here.'], 'body')}${shape(['2'], 'sldNum')}</p:notes>`,
      },
    ),
  );
  expect(outline(document)).toEqual([
    ['h1: Our plan', 'list: - grow\n- slowly'],
    ['table: Year | Sales\n2024 | 7', 'list: - Sow\n- Reap', 'paragraph: Smile here.'],
  ]);
  expect(headerOf(document, 2)).toBe('Year | Sales');
});

test('an XLSX gives a page a sheet, with dates, percentages and money as the sheet shows them', async () => {
  const cell = (reference: string, value: string, attributes = '') =>
    `<c r="${reference}" ${attributes}><v>${value}</v></c>`;
  const document = await parseBytes(
    'a.xlsx',
    makeXlsx(
      {
        Sales:
          `<row>${cell('B2', '0', 't="s"')}${cell('C2', '1', 't="s"')}${cell('D2', '2', 't="s"')}${cell('E2', '3', 't="s"')}</row>` +
          `<row>${cell('B3', '45292', 's="1"')}${cell('C3', '0.125', 's="2"')}${cell('D3', '2.5', 's="3"')}${cell('E3', '0.30000000000000004')}</row>` +
          `<row>${cell('B4', '45292.5', 's="4"')}${cell('E4', '1', 't="b"')}</row>`,
        Empty: '',
      },
      {
        'xl/sharedStrings.xml': `${XML}<sst><si><t>Day</t></si><si><r><t>Sha</t></r><r><t>re</t></r><rPh><t>no</t></rPh></si><si><t>Price</t></si><si><t>Sum</t></si></sst>`,
        'xl/styles.xml': `${XML}<styleSheet><numFmts><numFmt numFmtId="170" formatCode="&quot;€&quot;#,##0.00"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="10"/><xf numFmtId="170"/><xf numFmtId="22"/></cellXfs></styleSheet>`,
      },
    ),
  );
  expect(outline(document)).toEqual([
    [
      'h1: Sales',
      'table: Day | Share | Price | Sum\n2024-01-01 | 12.5% | €2.50 | 0.3\n2024-01-01 12:00 |  |  | TRUE',
    ],
    [],
  ]);
  expect(headerOf(document)).toBe('Day | Share | Price | Sum');
});

test('an ODT gives headings, lists, tables and notes, without deleted text', async () => {
  const document = await parseBytes(
    'a.odt',
    makeOpenDocument(
      'text',
      '<text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:h text:outline-level="2">Head</text:h>' +
        '<text:p>Two<text:s text:c="2"/>words<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>a note</text:p></text:note-body></text:note></text:p>' +
        '<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>' +
        '<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell><table:table-cell><text:p>B</text:p></table:table-cell></table:table-row></table:table-header-rows><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell><table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table>' +
        '<text:p>first page<text:soft-page-break/></text:p><text:p>second page</text:p>',
    ),
  );
  expect(outline(document)).toEqual([
    [
      'h2: Head',
      'paragraph: Two words (a note )',
      'list: - item',
      'table: A | B\n1 | 2',
      'paragraph: first page',
    ],
    ['paragraph: second page'],
  ]);
  expect(document.title).toBe('Title of the file');
});

test('ODS sheets and ODP slides are pages', async () => {
  const sheet = await parseBytes(
    'a.ods',
    makeOpenDocument(
      'spreadsheet',
      '<table:table table:name="Stock"><table:table-row><table:table-cell><text:p>Item</text:p></table:table-cell><table:table-cell><text:p>Count</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>nail</text:p></table:table-cell><table:table-cell><text:p>9</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16000"/></table:table-row><table:table-row table:number-rows-repeated="1000000"><table:table-cell/></table:table-row></table:table>',
    ),
  );
  expect(outline(sheet)).toEqual([['h1: Stock', 'table: Item | Count\nnail | 9']]);
  const slides = await parseBytes(
    'a.odp',
    makeOpenDocument(
      'presentation',
      '<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Hello</text:p></draw:text-box></draw:frame></draw:page><draw:page><draw:frame><draw:text-box><text:p>World</text:p></draw:text-box></draw:frame></draw:page>',
    ),
  );
  expect(outline(slides)).toEqual([['h1: Hello'], ['paragraph: World']]);
});

test('tabs, line ends and blanks in the cells of an ODS divide words', async () => {
  const sheet = await parseBytes(
    'a.ods',
    makeOpenDocument(
      'spreadsheet',
      '<table:table table:name="S"><table:table-row><table:table-cell><text:p>a<text:s/>b<text:tab/>c<text:line-break/>d</text:p><text:p>e</text:p></table:table-cell><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row></table:table>',
    ),
  );
  expect(outline(sheet)).toEqual([['h1: S', 'table: a b c d e | x']]);
});

test('an EPUB gives a page a chapter in the order of the spine; chapters without text take no number', async () => {
  const document = await parseBytes(
    'a.epub',
    makeEpub(['<h1>One</h1><p>caf&eacute;<a id="x"/> text</p>', '<img src="cover.png"/>', '<p>Two</p>']),
  );
  expect(outline(document)).toEqual([['h1: One', 'paragraph: café text'], ['paragraph: Two']]);
  expect(document.title).toBe('A book');
});

test('the spine of an EPUB may name places in files, files that are not there, and what is not linear', async () => {
  const item = (id: string, href: string) =>
    `<o:item id="${id}" href="${href}" media-type="application/xhtml+xml"/>`;
  const document = await parseBytes(
    'a.epub',
    makeZip({
      mimetype: 'application/epub+zip',
      'META-INF/container.xml': '<container><rootfile full-path="book.opf"/></container>',
      'book.opf': `<o:package><dc:title>A</dc:title><dc:title>B</dc:title>${item('b', 'b.html')}${item('a', 'a.xhtml#x')}<o:itemref idref="a"/><o:itemref idref="gone"/><o:itemref idref="b" linear="no"/></o:package>`,
      'a.xhtml': '<html><head><title/></head><body><p>First</p><aside>Note</aside></body></html>',
      'b.html': '<p>Second',
    }),
  );
  expect(outline(document)).toEqual([['paragraph: First', 'paragraph: Note'], ['paragraph: Second']]);
  expect(document.title).toBe('A');
});

test('a DOC gives paragraphs, tables and pages, and of fields what they show', async () => {
  const document = await parseBytes(
    'a.doc',
    makeDoc(
      'Grüße\rSee \x13HYPERLINK "x"\x14the site\x15.\rName\x07Age\x07\x07Ann\x0731\x07\x07After\x0cPage two\r',
    ),
  );
  expect(outline(document)).toEqual([
    ['paragraph: Grüße', 'paragraph: See the site.', 'table: Name | Age\nAnn | 31', 'paragraph: After'],
    ['paragraph: Page two'],
  ]);
});

test('an XLS gives a page a sheet', async () => {
  const document = await parseBytes(
    'a.xls',
    makeXls('Lager', [
      ['Teil', 'Zahl', 'Tag'],
      ['Öse', 2.5, { date: 45292 }],
    ]),
  );
  expect(outline(document)).toEqual([['h1: Lager', 'table: Teil | Zahl | Tag\nÖse | 2.5 | 2024-01-01']]);
});

test('a PPT gives a page a slide', async () => {
  const document = await parseBytes(
    'a.ppt',
    makePpt([
      ['First', 'one\rtwo'],
      ['Second', 'three'],
    ]),
  );
  expect(outline(document)).toEqual([
    ['h1: First', 'paragraph: one', 'paragraph: two'],
    ['h1: Second', 'paragraph: three'],
  ]);
});
