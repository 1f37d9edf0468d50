import type { DocumentWriter } from './document-writer.ts';
import { broken } from './faults.ts';
import { relationships } from './office-package.ts';
import { type CellFormat, cellFormat, formatNumber, headerRowCount, trimSheet } from './sheet-values.ts';
import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

const WORKBOOK = 'xl/workbook.xml';

/** SpreadsheetML (ECMA-376 part 1, 18): a sheet is a page, with its name as heading and its rows as a table. */
export async function readXlsx(zip: ZipArchive, out: DocumentWriter): Promise<void> {
  const links = await relationships(zip, WORKBOOK);
  const target = (type: string) => [...links.values()].find((link) => link.type === type)?.target ?? '';
  const sheets: { name: string; part: string }[] = [];
  let epoch1904 = false;
  await readXml(zip.stream(WORKBOOK), {
    open(name, attributes) {
      if (name === 'workbookPr') epoch1904 = /^(?:1|true)$/.test(attribute(attributes, 'date1904') ?? '');
      if (name !== 'sheet') return;
      const link = links.get(attribute(attributes, 'r:id') ?? '');
      if (link === undefined || !zip.has(link.target)) return;
      sheets.push({ name: attribute(attributes, 'name') ?? '', part: link.target });
    },
    close() {},
  });
  if (sheets.length === 0) throw broken('The workbook has no sheets that can be read.');
  const shared = await readSharedStrings(zip, target('sharedStrings'));
  const formats = await readFormats(zip, target('styles'));
  for (const { name, part } of sheets) {
    out.newPage();
    const rows = trimSheet(await readRows(zip, part, { shared, formats, epoch1904 }));
    if (rows.length === 0) continue;
    out.heading(name, 1);
    out.table(rows, headerRowCount(rows));
  }
}

interface Workbook {
  readonly shared: readonly string[];
  readonly formats: readonly CellFormat[];
  readonly epoch1904: boolean;
}

/** Columns of Excel's grid; a reference beyond them is a fault in the file. */
const MAX_COLUMN = 16_384;

async function readRows(zip: ZipArchive, part: string, book: Workbook): Promise<string[][]> {
  const rows: string[][] = [];
  let row: string[] = [];
  let column = 0;
  let type = '';
  let style = 0;
  let value = '';
  let reading = false;
  let skipped = 0;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      if (skipped > 0 || name === 'rPh') skipped++;
      else if (name === 'row') {
        row = [];
        column = 0;
      } else if (name === 'c') {
        column = columnOf(attribute(attributes, 'r')) ?? column + 1;
        type = attribute(attributes, 't') ?? 'n';
        style = Number(attribute(attributes, 's')) || 0;
        value = '';
      } else if (name === 'v' || name === 't') reading = true;
    },
    text(text) {
      if (reading && skipped === 0) value += text;
    },
    close(name) {
      if (skipped > 0) skipped--;
      else if (name === 'v' || name === 't') reading = false;
      else if (name === 'c' && value !== '' && column <= MAX_COLUMN) {
        while (row.length < column - 1) row.push('');
        row[column - 1] = cellText(type, value, book.formats[style], book);
      } else if (name === 'row' && row.length > 0) rows.push(row);
    },
  });
  return rows;
}

/** `BC12` is in column 55. */
function columnOf(reference: string | undefined): number | undefined {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0];
  if (letters === undefined) return undefined;
  let column = 0;
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64;
  return column;
}

function cellText(type: string, value: string, format: CellFormat | undefined, book: Workbook): string {
  switch (type) {
    case 's':
      return book.shared[Number(value)] ?? '';
    case 'b':
      return value === '1' ? 'TRUE' : 'FALSE';
    case 'str':
    case 'inlineStr':
    case 'e':
      return value;
    case 'd':
      return value.replace('T00:00:00', '').replace('T', ' ');
    default:
      return formatNumber(Number(value), format, book.epoch1904);
  }
}

async function readSharedStrings(zip: ZipArchive, part: string): Promise<string[]> {
  const strings: string[] = [];
  let text = '';
  let reading = false;
  let phonetic = false;
  await readXml(zip.stream(part), {
    open(name) {
      if (name === 'si') text = '';
      else if (name === 'rPh') phonetic = true;
      else if (name === 't') reading = !phonetic;
    },
    text(part) {
      if (reading) text += part;
    },
    close(name) {
      if (name === 't') reading = false;
      else if (name === 'rPh') phonetic = false;
      else if (name === 'si') strings.push(text);
    },
  });
  return strings;
}

/** The number format of each cell style, by the index that cells carry. */
async function readFormats(zip: ZipArchive, part: string): Promise<CellFormat[]> {
  const codes = new Map<number, string>();
  const formats: CellFormat[] = [];
  let inCells = false;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      if (name === 'numFmt')
        codes.set(Number(attribute(attributes, 'numFmtId')), attribute(attributes, 'formatCode') ?? '');
      else if (name === 'cellXfs') inCells = true;
      else if (name === 'xf' && inCells) {
        const id = Number(attribute(attributes, 'numFmtId')) || 0;
        formats.push(cellFormat(id, codes.get(id)));
      }
    },
    close(name) {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return formats;
}
