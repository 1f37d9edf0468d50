import type { DocumentWriter } from './document-writer.ts';
import { DrawingShapes } from './drawing-shapes.ts';
import { broken } from './faults.ts';
import { type Relationship, relationships } from './office-package.ts';
import { type CellFormat, cellFormat, formatNumber, writeSheet } from './sheet-values.ts';
import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

const WORKBOOK = 'xl/workbook.xml';

/**
 * SpreadsheetML (ECMA-376 part 1, 18): a sheet is a page, hidden or not, with its name as heading, its rows as
 * a table and the texts that are drawn on it. Formulas show the value that was last calculated.
 */
export async function readXlsx(zip: ZipArchive, out: DocumentWriter): Promise<void> {
  const links = await relationships(zip, WORKBOOK);
  const target = (type: string) => [...links.values()].find((link) => link.type === type)?.target ?? '';
  const sheets: { name: string; part: string }[] = [];
  let epoch1904 = false;
  await readXml(zip.stream(WORKBOOK), {
    open(name, attributes) {
      if (name === 'workbookPr') epoch1904 = /^(?:1|true)$/.test(attribute(attributes, 'date1904') ?? '');
      if (name !== 'sheet') return;
      const link = links.get(attribute(attributes, ':id') ?? '');
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
    writeSheet(name, await readRows(zip, part, { shared, formats, epoch1904 }), out);
    for (const link of (await relationships(zip, part)).values()) await readDrawing(zip, link, out);
  }
}

/** Boxes and tables on top of the grid; its charts show what the cells say. */
async function readDrawing(zip: ZipArchive, link: Relationship, out: DocumentWriter): Promise<void> {
  if (link.type !== 'drawing') return;
  const shapes = new DrawingShapes(out, 'sheet');
  await readXml(zip.stream(link.target), shapes);
  shapes.finish();
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
  await readXml(zip.stream(part), {
    skips: isPhonetic,
    open(name, attributes) {
      if (name === 'row') {
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
      if (reading) value += text;
    },
    close(name) {
      if (name === 'v' || name === 't') reading = false;
      else if (name === 'c' && value !== '' && column <= MAX_COLUMN) {
        while (row.length < column - 1) row.push('');
        row[column - 1] = cellText(type, value, book.formats[style], book);
      } else if (name === 'row' && row.length > 0) rows.push(row);
    },
  });
  return rows;
}

/** Hints how to say a word. */
const isPhonetic = (name: string): boolean => name === 'rPh';

/** Characters that XML cannot hold are written as `_x000D_` (22.9.2.19). */
const unescapeCharacters = (text: string): string =>
  text.includes('_x')
    ? text.replace(/_x([0-9A-F]{4})_/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : text;

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
      return unescapeCharacters(value);
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
  await readXml(zip.stream(part), {
    skips: isPhonetic,
    open(name) {
      if (name === 'si') text = '';
      else if (name === 't') reading = true;
    },
    text(part) {
      if (reading) text += part;
    },
    close(name) {
      if (name === 't') reading = false;
      else if (name === 'si') strings.push(unescapeCharacters(text));
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
