import { makeDoc, makePpt, makeXls } from '../fixtures/parse/make-legacy-office.ts';
import {
  makeDocx,
  makeEpub,
  makeOpenDocument,
  makePptx,
  makeXlsx,
  paragraph,
  shape,
  slideLinks,
  XML,
} from '../fixtures/parse/make-package.ts';
import { column, makePdf } from '../fixtures/parse/make-pdf.ts';

const W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';

/** A sound file of every format that is read by a parser of its own, with the parts that its parser looks into. */
export const SAMPLES: Readonly<Record<string, Buffer>> = {
  'a.pdf': makePdf(
    [
      { texts: column(72, 700, ['A heading', 'Some words on a page.', 'Name    Price', 'Rope    4.50']) },
      { texts: column(72, 700, ['More words on another page.']), rotate: 90 },
    ],
    { title: 'A title' },
  ),
  'a.docx': makeDocx(
    [
      paragraph('A heading', '<w:pStyle w:val="Heading1"/>'),
      paragraph('Some words.', '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>'),
      `<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>${paragraph('cell')}</w:tc></w:tr></w:tbl>`,
      '<w:p><w:r><w:t>noted</w:t><w:footnoteReference w:id="2"/></w:r></w:p>',
    ].join(''),
    {
      'word/styles.xml': `${XML}<w:styles ${W}><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Base"/></w:style></w:styles>`,
      'word/numbering.xml': `${XML}<w:numbering ${W}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="1"><w:start w:val="3"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%2."/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`,
      'word/footnotes.xml': `${XML}<w:footnotes ${W}><w:footnote w:id="2">${paragraph('A note.')}</w:footnote></w:footnotes>`,
    },
  ),
  'a.pptx': makePptx([shape(['First slide'], 'title') + shape(['one', 'two']), shape(['Second slide'])], {
    'ppt/slides/_rels/slide1.xml.rels': slideLinks([['n', 'notesSlide', '../notesSlides/n1.xml']]),
    'ppt/notesSlides/n1.xml': `${XML}<p:notes xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>${shape(['spoken'], 'body')}</p:spTree></p:cSld></p:notes>`,
  }),
  'a.xlsx': makeXlsx(
    {
      Prices:
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>Rope</t></is></c><c r="B2" s="1"><v>45000.5</v></c></row>',
      Empty: '',
    },
    {
      'xl/sharedStrings.xml': `${XML}<sst><si><t>Name</t></si><si><r><t>Pri</t></r><r><t>ce</t></r></si></sst>`,
      'xl/styles.xml': `${XML}<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
    },
  ),
  'a.odt': makeOpenDocument(
    'text',
    '<text:h text:outline-level="1">Heading</text:h><text:p>Some <text:s text:c="3"/>words</text:p><table:table><table:table-row><table:table-cell table:number-columns-repeated="3"><text:p>x</text:p></table:table-cell></table:table-row></table:table>',
  ),
  'a.ods': makeOpenDocument(
    'spreadsheet',
    '<table:table table:name="S"><table:table-row table:number-rows-repeated="2"><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table>',
  ),
  'a.odp': makeOpenDocument(
    'presentation',
    '<draw:page><draw:frame><draw:text-box><text:p>slide</text:p></draw:text-box></draw:frame></draw:page>',
  ),
  'a.epub': makeEpub(['<h1>One</h1><p>First words.</p>', '<h1>Two</h1><p>Last &amp; more.</p>']),
  'a.doc': makeDoc('Heading\rSome words.\r\x07cell\x07\x07\r', ['A note.\r']),
  'a.xls': makeXls('Prices', [
    ['Name', 'Price'],
    ['Rope', 4.5],
    ['Day', { date: 45_000 }],
  ]),
  'a.ppt': makePpt([
    ['First slide', 'one\rtwo'],
    ['Second slide', 'three'],
  ]),
  'a.rtf': Buffer.from(
    "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0\\fcharset204 Arial;}}{\\info{\\title A title}}\\pard\\outlinelevel0 Heading\\par\\pard\\f0 Some \\'e9 \\u8364? words\\par\\trowd\\cellx1000 a\\cell b\\cell\\row{\\*\\unknown x}\\bin3 abc}",
  ),
  'a.html': Buffer.from(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A title</title></head><body><nav>menu</nav><main><h1>Heading</h1><p>Some <b>words</b> &amp; more.</p><table><tr><th colspan="2">x</th></tr><tr><td>1</td><td>2</td></tr></table><ul><li>one<ul><li>two</li></ul></li></ul><pre>code</pre></main><script>alert(1)</script></body></html>',
  ),
  'a.eml': Buffer.from(
    [
      'From: Ann <ann@example.org>',
      'Subject: =?utf-8?B?w4RwZmVs?=',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="b"',
      '',
      '--b',
      'Content-Type: text/html; charset=iso-8859-1',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      '<p>Some =E9 words</p>',
      '--b',
      'Content-Type: text/plain; name="note.txt"',
      'Content-Disposition: attachment; filename="note.txt"',
      'Content-Transfer-Encoding: base64',
      '',
      'U29tZSB3b3Jkcy4=',
      '--b--',
      '',
    ].join('\r\n'),
  ),
  'a.md': Buffer.from(
    '---\ntitle: A title\n---\n# Heading\n\nSome *words* with a [link](x) and `code`.\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n- one\n  - two\n\n```js\ncode\n```\n\n<b>html</b>\n',
  ),
  'a.csv': Buffer.from('Name;Price\n"Rope; thick";4,50\n"a ""quoted"" cell";1\n'),
  'a.json': Buffer.from('{"title":"A title","list":[1,2,{"deep":"words \\u00e9"}],"none":null}'),
  'a.txt': Buffer.from('Some words \u00e9\u4e2d\u6587.\n\nMore of them.\n'),
};
