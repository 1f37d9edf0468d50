import type { DocumentWriter } from './document-writer.ts';

/** What cells of a sheet show, for XLSX and XLS alike. */
export type CellFormat =
  | { readonly kind: 'general' }
  | { readonly kind: 'date' | 'time' | 'datetime' | 'duration' }
  | {
      readonly kind: 'number';
      readonly decimals: number;
      readonly percent: boolean;
      readonly before: string;
      readonly after: string;
    };

/** @param code the format code where the file gives one; built-in ids (ECMA-376 part 1, 18.8.30) have none. */
export function cellFormat(id: number, code: string | undefined): CellFormat {
  const text = code ?? BUILT_IN[id];
  if (text === undefined || /^general$/i.test(text)) return { kind: 'general' };
  // literals and colours aside, letters of dates tell dates from numbers; the first section is for positives
  const section = text.split(';')[0] ?? '';
  const bare = section.replace(/"[^"]*"|\\.|_.|\*.|\[(?!h|m|s)[^\]]*\]/gi, '');
  const date = /[yd]/i.test(bare) || /m{3,}/i.test(bare);
  const time = /[hs]/i.test(bare);
  if (date) return { kind: time ? 'datetime' : 'date' };
  // hours, minutes or seconds in brackets count on beyond a day
  if (time || /\[m+\]/i.test(bare)) return { kind: bare.includes('[') ? 'duration' : 'time' };
  if (!/[0#?]/.test(bare)) return { kind: 'general' };
  const decimals = /[0#?]\.([0#?]+)/.exec(bare)?.[1]?.length ?? 0;
  if (/e[+-]/i.test(bare)) return { kind: 'general' };
  const currency = /\[\$([^\]-]*)[^\]]*\]|"([^"]*)"|([$€£¥])/.exec(section);
  const symbol = (currency?.[1] ?? currency?.[2] ?? currency?.[3] ?? '').trim();
  const front = currency !== null && currency.index < section.search(/[0#?]/);
  return {
    kind: 'number',
    decimals,
    percent: bare.includes('%'),
    before: front ? symbol : '',
    after: front || symbol === '' ? '' : ` ${symbol}`,
  };
}

const BUILT_IN: Readonly<Record<number, string>> = {
  1: '0',
  2: '0.00',
  3: '#,##0',
  4: '#,##0.00',
  9: '0%',
  10: '0.00%',
  14: 'yyyy-mm-dd',
  15: 'd-mmm-yy',
  16: 'd-mmm',
  17: 'mmm-yy',
  18: 'h:mm',
  19: 'h:mm:ss',
  20: 'h:mm',
  21: 'h:mm:ss',
  22: 'yyyy-mm-dd h:mm',
  37: '#,##0',
  38: '#,##0',
  39: '#,##0.00',
  40: '#,##0.00',
  45: 'mm:ss',
  46: '[h]:mm:ss',
  47: 'mm:ss.0',
};

/**
 * A number as text. Digits stay ungrouped, so that a search for them finds them; dates are ISO 8601. The
 * value is rounded to what its format shows only where that hides an artefact of binary fractions.
 */
export function formatNumber(value: number, format: CellFormat | undefined, epoch1904: boolean): string {
  if (!Number.isFinite(value)) return '';
  switch (format?.kind) {
    case 'date':
    case 'time':
    case 'datetime':
      return isoDate(value, format.kind, epoch1904) ?? plain(value);
    case 'duration':
      return duration(value);
    case 'number': {
      const shown = format.percent ? `${plain(value * 100)}%` : atLeast(value, format.decimals);
      return `${format.before}${shown}${format.after}`;
    }
    default:
      return plain(value);
  }
}

/** Fifteen digits are what a spreadsheet keeps; the rest is noise such as 0.30000000000000004. */
const plain = (value: number): string => String(Number(value.toPrecision(15)));

/** `2.5` with two decimals is `2.50`, as the sheet shows it; more digits than shown are kept. */
function atLeast(value: number, decimals: number): string {
  const text = plain(value);
  const own = text.includes('e') ? decimals : (text.split('.')[1]?.length ?? 0);
  return own < decimals ? value.toFixed(Math.min(decimals, 20)) : text;
}

/** `36:00`, with seconds where there are any. */
function duration(days: number): string {
  const total = Math.round(Math.abs(days) * 86_400);
  const digits = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const seconds = total % 60 === 0 ? '' : `:${digits(total % 60)}`;
  return `${days < 0 ? '-' : ''}${digits(total / 3600)}:${digits((total / 60) % 60)}${seconds}`;
}

/** Serial days since 1899-12-30 (or 1904-01-01); below 60 the 1900 calendar is off by its false leap day. */
function isoDate(serial: number, kind: 'date' | 'time' | 'datetime', epoch1904: boolean): string | undefined {
  if (serial < 0 || serial > 2_958_466) return undefined;
  const days = epoch1904 ? serial + 1462 : serial < 60 ? serial + 1 : serial;
  const seconds = Math.round(days * 86_400);
  const iso = new Date(Date.UTC(1899, 11, 30) + seconds * 1000).toISOString();
  const time = iso.slice(11, 19).replace(/:00$/, '');
  if (kind === 'time' || (serial < 1 && !epoch1904)) return time;
  return kind === 'date' || time === '00:00' ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${time}`;
}

/** A sheet with cells: its name as heading and its rows as a table. */
export function writeSheet(name: string, cells: readonly string[][], out: DocumentWriter): void {
  const rows = trimSheet(cells);
  if (rows.length === 0) return;
  out.heading(name, 1);
  out.table(rows, headerRowCount(rows));
}

/** Without the columns on the left that no row uses, and without empty rows. */
export function trimSheet(rows: readonly string[][]): string[][] {
  const filled = rows.filter((row) => row.some((cell) => cell !== undefined && cell.trim() !== ''));
  let left = Number.POSITIVE_INFINITY;
  for (const row of filled)
    left = Math.min(
      left,
      row.findIndex((cell) => cell !== undefined && cell.trim() !== ''),
    );
  return filled.map((row) => Array.from(row.slice(left), (cell) => cell ?? ''));
}

/** One header row when the first row with more than one cell holds words only and the next holds something else. */
export function headerRowCount(rows: readonly (readonly string[])[]): number {
  const at = rows.findIndex((row) => row.filter((cell) => cell !== '').length > 1);
  const header = rows[at];
  const first = rows[at + 1];
  if (header === undefined || first === undefined || at > 5) return 0;
  const wordy = (cell: string | undefined) =>
    cell === undefined || cell === '' || !/^[-+$€£(]*\d[\d.,\s]*[%)]*$/.test(cell);
  if (!header.every(wordy)) return 0;
  const unlike =
    first.some((cell) => !wordy(cell)) ||
    new Set(header.filter((cell) => cell !== '')).size === header.filter((cell) => cell !== '').length;
  return unlike ? at + 1 : 0;
}
