import type { DocumentWriter } from './document-writer.ts';
import { headerRowCount } from './sheet-values.ts';

/** Comma-, semicolon-, tab- or pipe-separated values as one table. */
export function writeCsv(text: string, extension: string, out: DocumentWriter): void {
  const named = /^sep=(.)\r?\n/i.exec(text);
  const body = named === null ? text : text.slice(named[0].length);
  const byName = extension === 'tsv' || extension === 'tab' ? '\t' : undefined;
  const rows = splitCsv(body, named?.[1] ?? byName ?? detectDelimiter(body));
  out.newPage();
  out.table(rows, headerRowCount(rows));
}

/** Commas last: they stand in numbers and sentences as well. */
const DELIMITERS = ['\t', ';', '|', ','];

/**
 * The delimiter that divides most of the first lines into the same number of cells, more than one; of two that
 * divide all of them the one that is less likely to stand in a cell.
 */
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
    const regular = counts.filter((count) => count === usual).length / counts.length;
    const score = regular === 1 ? 2 : regular + Math.min(usual, 50) / 1000;
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
function splitCsv(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  const endRow = () => {
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  while (at < text.length) {
    let cell: string;
    const open = skipBlanks(text, at);
    const close = text[open] === '"' ? closingQuote(text, open, delimiter) : -1;
    if (close !== -1) {
      cell = text.slice(open + 1, close).replaceAll('""', '"');
      at = skipBlanks(text, close + 1);
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

/** Writers by hand put blanks around quoted cells. */
function skipBlanks(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ') at++;
  return at;
}

/** The quote that ends the cell begun at `start`: one before a delimiter, a line's end or the text's end. */
function closingQuote(text: string, start: number, delimiter: string): number {
  let at = start + 1;
  while (at - start < QUOTED_LIMIT) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return -1;
    const next = text[text[quote + 1] === ' ' ? skipBlanks(text, quote + 1) : quote + 1];
    if (text[quote + 1] === '"') at = quote + 2;
    else if (next === undefined || next === delimiter || next === '\n' || next === '\r') return quote;
    else return -1;
  }
  return -1;
}
