import type { Span } from '../text/sentences.ts';

export interface Table {
  /** The row of column names, where the first row is one. */
  readonly header: Span | undefined;
  /** All rows, the header among them. */
  readonly rows: Span;
}

const CELLS = / \| /g;
/** A quantity, a time, a price: what a column holds and its name does not. A year may well name a column. */
const FIGURE = /^(?!(?:19|20)\d\d$)\p{Sc}?\s?[-+−]?\d[\d.,:/ ]*\s?(?:%|\p{Sc}|\p{L}+)?$/u;

/**
 * The tables of a passage: rows are lines, cells stand between ` | `, as parsers write them. The first row
 * names the columns when figures stand below it and none in it; a table of words alone does not tell.
 */
export function tablesIn(text: string): Table[] {
  const tables: Table[] = [];
  let lines: Span[] = [];
  const end = () => {
    const [first, ...below] = lines;
    const last = below.at(-1);
    if (first !== undefined && last !== undefined) {
      const hasFigure = (line: Span) => cellsOf(text, line).some((cell) => FIGURE.test(cell));
      const named = !hasFigure(first) && below.some(hasFigure);
      tables.push({ header: named ? first : undefined, rows: { start: first.start, end: last.end } });
    }
    lines = [];
  };
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf('\n', start);
    const line = { start, end: newline === -1 ? text.length : newline };
    if (cellsOf(text, line).length > 1) lines.push(line);
    else end();
    start = line.end + 1;
  }
  end();
  return tables;
}

const cellsOf = (text: string, { start, end }: Span): string[] =>
  text
    .slice(start, end)
    .split(CELLS)
    .map((cell) => cell.trim());
