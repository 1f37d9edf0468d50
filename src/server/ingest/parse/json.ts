import type { DocumentWriter } from './document-writer.ts';
import { writePlainText } from './plain-text.ts';
import { headerRowCount } from './sheet-values.ts';

/**
 * JSON as lines that can be read and found: `path.to.key: value`. A list of flat records or of rows becomes a
 * table, wherever it stands at the top.
 * @returns what it was read as: a file that is no JSON after all is plain text.
 */
export function writeJson(
  text: string,
  format: 'json' | 'jsonl',
  out: DocumentWriter,
): 'json' | 'jsonl' | 'text' {
  const values = parse(text, format);
  if (values === undefined) {
    writePlainText(text, out);
    return 'text';
  }
  out.newPage();
  const [only] = values;
  if (values.length > 1) writeList(values, '', 1, out);
  else if (Array.isArray(only)) writeList(only, '', 1, out);
  else if (isObject(only)) writeObject(only, out);
  else out.paragraph(flatten(only));
  return format;
}

const MAX_COLUMNS = 60;

/** @param fewestColumns that make a list a table. */
function writeList(list: readonly unknown[], path: string, fewestColumns: number, out: DocumentWriter): void {
  const [only] = list;
  if (list.length === 1 && path === '' && isObject(only)) {
    writeObject(only, out);
    return;
  }
  const table = list.length > 1 ? tableOf(list) : undefined;
  if (table === undefined || table.width < fewestColumns) {
    if (path === '') for (const value of list) out.paragraph(flatten(value));
    else out.paragraph(flatten(list, path));
    return;
  }
  out.paragraph(path);
  out.table(table.rows, table.headerRows);
}

interface RowsOfCells {
  readonly rows: readonly (readonly string[])[];
  readonly headerRows: number;
  readonly width: number;
}

function tableOf(list: readonly unknown[]): RowsOfCells | undefined {
  if (list.every(isRecord)) {
    const columns = new Set<string>();
    for (const record of list) for (const column of Object.keys(record)) columns.add(column);
    if (columns.size > MAX_COLUMNS) return undefined;
    const names = [...columns];
    // columns may have the names of what every object inherits
    const cells = (record: Record<string, unknown>) =>
      names.map((name) => (Object.hasOwn(record, name) ? scalar(record[name]) : ''));
    return { rows: [names, ...list.map(cells)], headerRows: 1, width: names.length };
  }
  if (!list.every(isRow)) return undefined;
  const rows = list.map((row) => row.map(scalar));
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), 0);
  return width > MAX_COLUMNS ? undefined : { rows, headerRows: headerRowCount(rows), width };
}

function parse(text: string, format: 'json' | 'jsonl'): unknown[] | undefined {
  if (format === 'json') {
    const value = tryParse(text);
    if (value !== undefined) return [value];
  }
  // one value a line, also where the extension says JSON
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const values = lines.map(tryParse);
  return values.length > 0 && values.every((value) => value !== undefined) ? values : undefined;
}

function tryParse(text: string): unknown {
  try {
    return LONG_NUMBER.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** More digits than a number keeps: they name things, and are searched for as they stand. */
const LONG_NUMBER = /\d{16}/;

const exactNumber = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && LONG_NUMBER.test(context?.source ?? '') ? context?.source : value;

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  isObject(value) && Object.values(value).every(isScalar);

const isRow = (value: unknown): value is unknown[] => Array.isArray(value) && value.every(isScalar);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const scalar = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

/** The parts of one big object are a paragraph or a table each. */
function writeObject(value: Readonly<Record<string, unknown>>, out: DocumentWriter): void {
  let plain: string[] = [];
  for (const [key, part] of Object.entries(value)) {
    if (isScalar(part)) {
      if (scalar(part) !== '') plain.push(`${key}: ${scalar(part)}`);
    } else {
      out.paragraph(plain.join('\n'));
      plain = [];
      if (Array.isArray(part)) writeList(part, key, 2, out);
      else out.paragraph(flatten(part, key));
    }
  }
  out.paragraph(plain.join('\n'));
}

/** One line a leaf, by a stack and not by recursion: nesting is the file's to choose. */
function flatten(value: unknown, path = ''): string {
  const lines: string[] = [];
  const stack: { value: unknown; path: string }[] = [{ value, path }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, path } = next;
    if (typeof value !== 'object' || value === null) {
      if (value !== null && value !== '')
        lines.push(path === '' ? String(value) : `${path}: ${String(value)}`);
    } else {
      const inner = Array.isArray(value)
        ? value.map((item) => ({ value: item, path }))
        : Object.entries(value).map(([key, item]) => ({ value: item, path: child(path, key) }));
      for (let i = inner.length - 1; i >= 0; i--) stack.push(inner[i]!);
    }
  }
  return lines.join('\n');
}

/** Deep paths keep their end: what names the value is close to it. */
function child(path: string, key: string): string {
  const full = path === '' ? key : `${path}.${key}`;
  return full.length > 200 ? `…${full.slice(-199)}` : full;
}
