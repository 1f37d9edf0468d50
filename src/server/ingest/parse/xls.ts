import type { DocumentWriter } from './document-writer.ts';
import { broken, encrypted, unsupported } from './faults.ts';
import { type CellFormat, cellFormat, formatNumber, writeSheet } from './sheet-values.ts';

interface BiffRecord {
  readonly type: number;
  readonly data: Buffer;
  /** Bodies of the CONTINUE records that follow it. */
  readonly more: readonly Buffer[];
  readonly offset: number;
}

const BOF = 0x809;
const EOF_RECORD = 0x0a;
const FILE_PASS = 0x2f;
const BOUND_SHEET = 0x85;
const SST = 0xfc;
const FORMAT = 0x41e;
const XF = 0xe0;
const DATE_1904 = 0x22;
const LABEL_SST = 0xfd;
const LABEL = 0x204;
const NUMBER = 0x203;
const RK = 0x27e;
const MUL_RK = 0xbd;
const FORMULA = 0x06;
const STRING = 0x207;
const BOOL_ERR = 0x205;
const CONTINUE = 0x3c;

/** Excel 97 to 2003 ([MS-XLS], BIFF8): a sheet is a page. */
export function readXls(workbook: Buffer, out: DocumentWriter): void {
  const sheets: { name: string; offset: number }[] = [];
  const codes = new Map<number, string>();
  const formats: CellFormat[] = [];
  const formatIds: number[] = [];
  let shared: string[] = [];
  let epoch1904 = false;
  for (const record of records(workbook, 0)) {
    const { type, data } = record;
    if (type === BOF && data.readUInt16LE(0) !== 0x600)
      throw unsupported('The file was written by Excel 95 or earlier.');
    if (type === FILE_PASS) throw encrypted();
    // hidden or not, only worksheets have cells
    if (type === BOUND_SHEET && data[5] === 0)
      sheets.push({ offset: data.readUInt32LE(0), name: shortString(data, 6) });
    else if (type === SST) shared = sharedStrings(record);
    else if (type === FORMAT) codes.set(data.readUInt16LE(0), longString(data, 2));
    else if (type === XF) formatIds.push(data.readUInt16LE(2));
    else if (type === DATE_1904) epoch1904 = data.readUInt16LE(0) === 1;
    if (type === EOF_RECORD) break;
  }
  if (sheets.length === 0) throw broken('The workbook has no sheets that can be read.');
  for (const id of formatIds) formats.push(cellFormat(id, codes.get(id)));
  for (const { name, offset } of sheets) {
    out.newPage();
    writeSheet(name, sheetRows(workbook, offset, shared, formats, epoch1904), out);
  }
}

function* records(bytes: Buffer, start: number): Generator<BiffRecord> {
  let at = start;
  while (at + 4 <= bytes.length) {
    const offset = at;
    const type = bytes.readUInt16LE(at);
    const body = () => {
      const length = bytes.readUInt16LE(at + 2);
      const data = bytes.subarray(at + 4, at + 4 + length);
      at += 4 + length;
      return data;
    };
    const data = body();
    const more: Buffer[] = [];
    while (at + 4 <= bytes.length && bytes.readUInt16LE(at) === CONTINUE) more.push(body());
    yield { type, data, more, offset };
  }
}

function sheetRows(
  bytes: Buffer,
  offset: number,
  shared: readonly string[],
  formats: readonly CellFormat[],
  epoch1904: boolean,
): string[][] {
  const rows: string[][] = [];
  let pending: [row: number, column: number] | undefined;
  const put = (row: number, column: number, text: string) => {
    rows[row] ??= [];
    const cells = rows[row]!;
    while (cells.length < column) cells.push('');
    cells[column] = text;
  };
  const number = (value: number, style: number) => formatNumber(value, formats[style], epoch1904);
  let depth = 0;
  for (const { type, data } of records(bytes, offset)) {
    // charts inside a sheet are streams of their own
    if (type === BOF) depth++;
    else if (type === EOF_RECORD && --depth <= 0) break;
    if (depth > 1 || data.length < 6) continue;
    const row = data.readUInt16LE(0);
    const column = data.readUInt16LE(2);
    const style = data.readUInt16LE(4);
    if (type === LABEL_SST) put(row, column, shared[data.readUInt32LE(6)] ?? '');
    else if (type === LABEL) put(row, column, longString(data, 6));
    else if (type === NUMBER) put(row, column, number(data.readDoubleLE(6), style));
    else if (type === RK) put(row, column, number(rk(data.readInt32LE(6)), style));
    else if (type === MUL_RK) {
      for (let at = 4, i = 0; at + 6 <= data.length - 2; at += 6, i++) {
        put(row, column + i, number(rk(data.readInt32LE(at + 2)), data.readUInt16LE(at)));
      }
    } else if (type === BOOL_ERR && data[7] === 0) put(row, column, data[6] === 1 ? 'TRUE' : 'FALSE');
    else if (type === FORMULA) {
      // 2.5.133: a value that is no number says so in its last two bytes
      if (data.readUInt16LE(12) !== 0xffff) put(row, column, number(data.readDoubleLE(6), style));
      else if (data[6] === 0) pending = [row, column];
      else if (data[6] === 1) put(row, column, data[8] === 1 ? 'TRUE' : 'FALSE');
    } else if (type === STRING && pending !== undefined) {
      put(...pending, longString(data, 0));
      pending = undefined;
    }
  }
  return Array.from(rows, (row) => row ?? []);
}

/** 2.5.217: a number in 30 bits, whole or the upper part of a double, perhaps in hundredths. */
function rk(value: number): number {
  let number: number;
  if ((value & 2) !== 0) number = value >> 2;
  else {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32LE(value & ~3, 4);
    number = bytes.readDoubleLE(0);
  }
  return (value & 1) === 0 ? number : number / 100;
}

const shortString = (data: Buffer, at: number): string =>
  characters(data, at + 2, data[at] ?? 0, ((data[at + 1] ?? 0) & 1) === 1);

const longString = (data: Buffer, at: number): string =>
  at + 3 > data.length
    ? ''
    : characters(data, at + 3, data.readUInt16LE(at), ((data[at + 2] ?? 0) & 1) === 1);

function characters(data: Buffer, at: number, count: number, wide: boolean): string {
  return wide ? data.toString('utf16le', at, at + count * 2) : data.toString('latin1', at, at + count);
}

/** 2.5.293: strings run over the borders of records; each new record says anew how wide its letters are. */
function sharedStrings({ data, more }: BiffRecord): string[] {
  const parts = [data, ...more];
  let part = 0;
  let bytes = data;
  let at = 8;
  const next = () => {
    part++;
    bytes = parts[part] ?? Buffer.alloc(0);
    at = 0;
  };
  const ended = () => part >= parts.length;
  const strings: string[] = [];
  const count = data.readUInt32LE(4);
  while (strings.length < count) {
    while (at + 3 > bytes.length && !ended()) next();
    if (ended()) break;
    let left = bytes.readUInt16LE(at);
    let flags = bytes[at + 2] ?? 0;
    at += 3;
    let after = 0;
    if ((flags & 8) !== 0) {
      after += bytes.readUInt16LE(at) * 4;
      at += 2;
    }
    if ((flags & 4) !== 0) {
      after += bytes.readUInt32LE(at);
      at += 4;
    }
    let text = '';
    while (left > 0 && !ended()) {
      const width = (flags & 1) === 1 ? 2 : 1;
      const here = Math.min(left, Math.floor((bytes.length - at) / width));
      text += characters(bytes, at, here, width === 2);
      at += here * width;
      left -= here;
      if (left > 0) {
        next();
        flags = bytes[0] ?? 0;
        at = 1;
      }
    }
    // formatting runs and phonetics may run over the border as well
    while (after > 0 && !ended()) {
      const here = Math.min(after, bytes.length - at);
      at += here;
      after -= here;
      if (after > 0) next();
    }
    strings.push(text);
  }
  return strings;
}
