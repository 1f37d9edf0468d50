import type { DocumentWriter } from './document-writer.ts';
import { headerRowCount } from './sheet-values.ts';

/** Comma-, semicolon-, tab- or pipe-separated values as one table. */
export function writeCsv(text: string, extension: string, out: DocumentWriter): void {
  const body = text.replace(/^sep=(.)\r?\n/i, '');
  const named = /^sep=(.)\r?\n/i.exec(text)?.[1];
  const delimiter = named ?? (extension === 'tsv' || extension === 'tab' ? '\t' : detectDelimiter(body));
  const rows = splitCsv(body, delimiter);
  out.newPage();
  out.table(rows, headerRowCount(rows));
}

const DELIMITERS = [',', ';', '\t', '|'];

/** The delimiter that divides most of the first lines into the same number of cells, more than one. */
function detectDelimiter(text: string): string {
  const sample = text.slice(0, 32_768);
  let best = ',';
  let bestScore = 0;
  for (const delimiter of DELIMITERS) {
    const counts = splitCsv(sample, delimiter)
      .slice(0, 50)
      .map((row) => row.length);
    const usual = mostCommon(counts);
    if (usual < 2) continue;
    const score =
      counts.filter((count) => count === usual).length / counts.length + Math.min(usual, 50) / 1000;
    if (score > bestScore) [best, bestScore] = [delimiter, score];
  }
  return best;
}

function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = 0;
  let most = 0;
  for (const [value, count] of counts) if (count > most) [best, most] = [value, count];
  return best;
}

/** A quoted cell may be this long before its opening quote counts as a stray one. */
const QUOTED_LIMIT = 100_000;

/** RFC 4180, lenient: a quote that is never closed is a character like any other. */
export function splitCsv(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  const endRow = () => {
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  while (at < text.length) {
    let cell: string;
    const close = text[at] === '"' ? closingQuote(text, at, delimiter) : -1;
    if (close !== -1) {
      cell = text.slice(at + 1, close).replaceAll('""', '"');
      at = close + 1;
    } else {
      let end = at;
      while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') end++;
      cell = text.slice(at, end);
      at = end;
    }
    row.push(cell);
    const next = text[at];
    if (next === delimiter) {
      at++;
      if (at >= text.length) row.push('');
    } else if (next !== undefined) {
      endRow();
      at += next === '\r' && text[at + 1] === '\n' ? 2 : 1;
    }
  }
  if (row.length > 0) endRow();
  return rows;
}

/** The quote that ends the cell begun at `start`: one before a delimiter, a line's end or the text's end. */
function closingQuote(text: string, start: number, delimiter: string): number {
  let at = start + 1;
  while (at - start < QUOTED_LIMIT) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return -1;
    const next = text[quote + 1];
    if (next === '"') at = quote + 2;
    else if (next === undefined || next === delimiter || next === '\n' || next === '\r') return quote;
    else return -1;
  }
  return -1;
}
