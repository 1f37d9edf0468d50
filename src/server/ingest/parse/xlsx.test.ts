import { expect, test } from 'vitest';
import { makeXlsx, shape, slideLinks, XML } from '../../../../test/fixtures/parse/make-package.ts';
import { outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const cell = (reference: string, value: string, attributes = ''): string =>
  `<c r="${reference}" ${attributes}><v>${value}</v></c>`;

test('escaped characters are decoded, and phonetic hints are left out', async () => {
  const inline = '<c r="B1" t="inlineStr"><is><t>in_x0041_line</t><rPh><t>no</t></rPh></is></c>';
  const document = await parseBytes(
    'a.xlsx',
    makeXlsx(
      { S: `<row>${cell('A1', '0', 't="s"')}${inline}</row>` },
      { 'xl/sharedStrings.xml': `${XML}<sst><si><t>one_x000D_\ntwo</t></si></sst>` },
    ),
  );
  expect(outline(document)).toEqual([['h1: S', 'table: one two | inAline']]);
});

test('durations count on beyond a day; dates may count from 1904', async () => {
  const styles = `${XML}<styleSheet><cellXfs><xf numFmtId="46"/><xf numFmtId="14"/><xf numFmtId="20"/></cellXfs></styleSheet>`;
  const workbook = `${XML}<workbook xmlns:rel="r"><workbookPr date1904="1"/><sheets><sheet name="S" rel:id="rId0"/></sheets></workbook>`;
  const document = await parseBytes(
    'a.xlsx',
    makeXlsx(
      {
        S: `<row>${cell('A1', '1.5', 's="0"')}${cell('B1', '0', 's="1"')}${cell('C1', '0.25', 's="2"')}</row>`,
      },
      { 'xl/styles.xml': styles, 'xl/workbook.xml': workbook },
    ),
  );
  expect(outline(document)).toEqual([['h1: S', 'table: 36:00 | 1904-01-01 | 06:00']]);
});

test('a formula without a calculated value is an empty cell, and cells need no references', async () => {
  const document = await parseBytes(
    'a.xlsx',
    makeXlsx({ S: '<row><c><v>1</v></c><c><f>A1*2</f></c><c t="str"><f>"x"</f><v>x</v></c></row>' }),
  );
  expect(outline(document)).toEqual([['h1: S', 'table: 1 |  | x']]);
});

test('texts that are drawn on a sheet follow its cells', async () => {
  const document = await parseBytes(
    'a.xlsx',
    makeXlsx(
      { S: `<row>${cell('A1', '1')}${cell('B1', '2')}</row>` },
      {
        'xl/worksheets/_rels/sheet0.xml.rels': slideLinks([['d', 'drawing', '../drawings/drawing1.xml']]),
        'xl/drawings/drawing1.xml': `${XML}<xdr:wsDr>${shape(['Read me first.'])}</xdr:wsDr>`,
      },
    ),
  );
  expect(outline(document)).toEqual([['h1: S', 'table: 1 | 2', 'paragraph: Read me first.']]);
});
