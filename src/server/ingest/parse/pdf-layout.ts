import type { DocumentWriter } from './document-writer.ts';
import type { Cell, Line, LinePage } from './pdf-lines.ts';

/** What the whole document looks like: what stands out is measured against it. */
export interface DocumentLook {
  /** Letter height of most of the text. */
  readonly bodySize: number;
  /** Heights of larger letters, largest first, at most six. */
  readonly headingSizes: readonly number[];
  /** Most of the text is in fonts of one width, so they do not mark code. */
  readonly typewriter: boolean;
  /** Titles of the outline by page index, folded, with their depth from 1. */
  readonly outline: ReadonlyMap<number, ReadonlyMap<string, number>>;
}

/** A heading's letters are this much larger than the body's. */
const HEADING_RATIO = 1.12;
const HEADING_LINES = 3;
const HEADING_CHARACTERS = 200;

export function look(pages: readonly LinePage[], outline: DocumentLook['outline']): DocumentLook {
  const letters = new Map<number, number>();
  let all = 0;
  let fixed = 0;
  for (const { lines } of pages) {
    for (const line of lines) {
      const size = rounded(line.size);
      const { length } = lineText(line);
      letters.set(size, (letters.get(size) ?? 0) + length);
      all += length;
      if (line.fixedWidth) fixed += length;
    }
  }
  let bodySize = 0;
  let most = 0;
  for (const [size, count] of letters) if (count > most) [bodySize, most] = [size, count];
  const headingSizes: number[] = [];
  for (const size of [...letters.keys()]
    .filter((size) => size >= bodySize * HEADING_RATIO)
    .sort((a, b) => b - a)) {
    // sizes that hardly differ are one level
    if ((headingSizes.at(-1) ?? Number.POSITIVE_INFINITY) / size > 1.04) headingSizes.push(size);
  }
  return { bodySize, headingSizes: headingSizes.slice(0, 6), typewriter: fixed > all / 2, outline };
}

/** Writes a page's lines as blocks, in the file's order. */
export function writePage(
  lines: readonly Line[],
  index: number,
  document: DocumentLook,
  out: DocumentWriter,
): void {
  const flow = new Flow(document, document.outline.get(index), out);
  let i = 0;
  while (i < lines.length) {
    const code = document.typewriter ? i : codeEnd(lines, i);
    if (code > i) {
      flow.endList();
      writeCode(lines.slice(i, code), out);
      i = code;
      continue;
    }
    const table = tableEnd(lines, i);
    if (table > i) {
      flow.endList();
      writeTable(lines.slice(i, table), out);
      i = table;
      continue;
    }
    let end = i + 1;
    while (end < lines.length && tableEnd(lines, end) === end && flowsOn(lines, i, end)) end++;
    flow.write(lines.slice(i, end));
    i = end;
  }
  flow.endList();
}

/** Two or more lines of one width below each other, also where an empty line is between them. */
function codeEnd(lines: readonly Line[], start: number): number {
  let end = start;
  while (end < lines.length && lines[end]!.fixedWidth) {
    const previous = lines[end - 1];
    if (end > start && previous !== undefined) {
      const gap = lines[end]!.top - previous.bottom;
      if (gap > 1.6 * previous.size || gap < -previous.size) break;
    }
    end++;
  }
  return end - start >= 2 ? end : start;
}

/** Indentation comes back from where the lines begin. */
function writeCode(lines: readonly Line[], out: DocumentWriter): void {
  const left = lines.reduce((least, line) => Math.min(least, line.left), Number.POSITIVE_INFINITY);
  const length = lines.reduce((sum, line) => sum + lineText(line).length, 0);
  const width = lines.reduce((sum, line) => sum + (line.right - line.left), 0) / Math.max(1, length);
  const indent = (line: Line) =>
    Math.min(60, Math.max(0, Math.round((line.left - left) / Math.max(width, 0.1))));
  out.code(lines.map((line) => ' '.repeat(indent(line)) + lineText(line)).join('\n'));
}

/** Writes running text; items that follow each other are one list. */
class Flow {
  readonly #document: DocumentLook;
  readonly #titles: ReadonlyMap<string, number> | undefined;
  readonly #out: DocumentWriter;
  #items: { text: string; depth: number }[] = [];

  constructor(document: DocumentLook, titles: ReadonlyMap<string, number> | undefined, out: DocumentWriter) {
    this.#document = document;
    this.#titles = titles;
    this.#out = out;
  }

  write(lines: readonly Line[]): void {
    const text = joinLines(lines);
    const level = headingLevel(lines, text, this.#document, this.#titles);
    if (level === undefined && BULLET.test(text)) {
      const marked = text.replace(BULLET, (_, mark: string) =>
        /[\p{L}\p{N}]/u.test(mark) ? `${mark} ` : '- ',
      );
      this.#items.push({ text: marked, depth: 0 });
      return;
    }
    this.endList();
    if (level !== undefined) this.#out.heading(text, level);
    else this.#out.paragraph(text);
  }

  endList(): void {
    if (this.#items.length > 0) this.#out.list(this.#items);
    this.#items = [];
  }
}

function headingLevel(
  lines: readonly Line[],
  text: string,
  document: DocumentLook,
  titles: ReadonlyMap<string, number> | undefined,
): number | undefined {
  if (lines.length > HEADING_LINES || text.length > HEADING_CHARACTERS || !/\p{L}{2}/u.test(text))
    return undefined;
  const line = lines[0]!;
  if (line.repeats || text.includes('@') || text.includes('://') || lines.at(-1)?.hyphenated)
    return undefined;
  const inOutline = titles?.get(folded(text));
  if (inOutline !== undefined) return inOutline;
  // formulas and labels of figures come in large letters as well
  if (/[,;]$/.test(text) || /^\p{Ll}/u.test(text) || !mostlyLetters(text)) return undefined;
  const size = rounded(line.size);
  if (size >= document.bodySize * HEADING_RATIO) {
    const at = document.headingSizes.findIndex((s) => size * 1.04 >= s);
    return (at === -1 ? document.headingSizes.length - 1 : at) + 1;
  }
  // bold of the body's size: only where it looks like a title and not like an emphasis or a label
  if (
    line.bold &&
    lines.length <= 2 &&
    text.length <= 120 &&
    size >= document.bodySize * 0.97 &&
    /^(?:\d+(?:\.\d+)*\.?\s+)?\p{Lu}/u.test(text) &&
    !/[.,;:]$/.test(text)
  ) {
    return Math.min(6, document.headingSizes.length + 1);
  }
  return undefined;
}

function mostlyLetters(text: string): boolean {
  const letters = text.match(/[\p{L}\p{M}]/gu)?.length ?? 0;
  return letters >= 0.6 * text.replace(/\s/g, '').length || /^(?:\p{L}+ )?[\d.]+ \p{L}{2}/u.test(text);
}

const BULLET = /^([•‣◦▪▫●○■□–—*·-]|\(?(?:\d{1,2}|[a-z])[.)])\s+/u;

/** Whether line `at` belongs to the paragraph that began at `start`. */
function flowsOn(lines: readonly Line[], start: number, at: number): boolean {
  const previous = lines[at - 1]!;
  const line = lines[at]!;
  const text = lineText(line);
  if (Math.abs(line.size - previous.size) > 0.08 * previous.size && !smallPart(previous, line)) return false;
  if (line.repeats || previous.repeats) return false;
  // bold lines above or below others are a heading; a few bold words at a line's start do not make a bold line
  if (previous.bold && !line.bold && at - start <= 2 && shortLine(previous)) return false;
  if (!previous.bold && line.bold && line.cells.length === 1 && shortLine(line)) return false;
  if (BULLET.test(text)) return false;
  const before = lineText(previous);
  const unfinished = previous.hyphenated || !/[.!?:。！？"”»)]$/.test(before);
  const pitch = line.top - previous.top;
  // back to the top: the next column goes on with a sentence that the last one left open
  if (pitch < -previous.size) return unfinished && /^[\p{Ll}\d(]/u.test(text);
  if (line.top - previous.bottom > 0.75 * previous.size) return false;
  const width = Math.max(previous.right - previous.left, 1);
  const endsEarly = line.right - previous.right > 0.15 * width && !unfinished;
  const indented = line.left - previous.left > 0.8 * line.size && at - start > 1;
  if (!unfinished && (indented || endsEarly)) return false;
  return true;
}

/** Superscripts and small capitals on a line of their own do not end a paragraph. */
const smallPart = (a: Line, b: Line): boolean => Math.min(lineText(a).length, lineText(b).length) <= 3;
const shortLine = (line: Line): boolean => lineText(line).length <= 90;

/**
 * Where a table that begins at `start` ends; `start` when none does. A table is three or more lines below
 * each other of which most have two or more cells whose edges line up.
 */
function tableEnd(lines: readonly Line[], start: number): number {
  if ((lines[start]?.cells.length ?? 0) < 2) return start;
  let end = start + 1;
  let aligned = 0;
  let lastRow = start;
  for (; end < lines.length; end++) {
    const line = lines[end]!;
    const previous = lines[end - 1]!;
    const pitch = line.top - previous.top;
    if (pitch < 0.2 * line.size || line.top - previous.bottom > 2.5 * line.size) break;
    if (line.cells.length >= 2) {
      if (sharesEdges(lines[lastRow]!, line)) aligned++;
      lastRow = end;
      // a single cell in between is a wrapped one or a group's title
    } else if (end - lastRow > 1 || lineText(line).length > 60) break;
  }
  end = lastRow + 1;
  return end - start >= 3 && aligned >= 2 && aligned >= (end - start) * 0.4 ? end : start;
}

function sharesEdges(a: Line, b: Line): boolean {
  const slack = 0.6 * Math.max(a.size, b.size);
  let shared = 0;
  for (const cell of b.cells) {
    if (a.cells.some((c) => Math.abs(c.left - cell.left) < slack || Math.abs(c.right - cell.right) < slack))
      shared++;
  }
  return shared >= 2;
}

/** Rows as they are; cells go under the column whose span they overlap, so that gaps stay gaps. */
function writeTable(lines: readonly Line[], out: DocumentWriter): void {
  const cells = divideNarrowCells(lines).map(withTheirSigns);
  const columns = columnSpans(cells);
  const rows = cells.map((line) => {
    const row: string[] = columns.map(() => '');
    for (const cell of line) {
      const at = bestColumn(columns, cell, row);
      row[at] = row[at] === '' ? cell.text : `${row[at]} ${cell.text}`;
    }
    return row;
  });
  const [first = [], second = []] = rows;
  const header = first.every((cell, i) => isTitle(cell, second[i] ?? ''));
  out.table(rows, header && first.filter((cell) => cell !== '').length > 1 ? 1 : 0);
}

/** A number is none, but for the year over a column of other figures. */
const isTitle = (cell: string, below: string): boolean =>
  !/^[-+(\s\p{Sc}]*(?:[\d.,]+[\s%)]*|[—–-])$/u.test(cell) || (YEAR.test(cell) && !YEAR.test(below));
const YEAR = /^(?:19|20)\d\d$/;

/**
 * Columns may stand closer than cells that are told by their gap alone. A smaller gap divides where another row has an
 * edge of a cell beside it, or the same gap.
 */
function divideNarrowCells(lines: readonly Line[]): Cell[][] {
  const rows = lines.map(({ cells }) => cells);
  if (!rows.some((cells) => cells.some(({ gaps }) => gaps !== undefined))) return rows;
  const slack = EDGE_SLACK * lines[0]!.size;
  const lefts = new Edges(slack);
  const rights = new Edges(slack);
  for (const [row, cells] of rows.entries()) {
    for (const { left, right, gaps = [] } of cells) {
      lefts.add(row, left);
      rights.add(row, right);
      for (const gap of gaps) {
        lefts.add(row, gap.right);
        rights.add(row, gap.left);
      }
    }
  }
  return rows.map((cells, row) =>
    cells.flatMap((cell) =>
      divideAt(
        cell,
        (cell.gaps ?? []).filter(
          (gap) => lefts.isInAnotherRow(row, gap.right) || rights.isInAnotherRow(row, gap.left),
        ),
      ),
    ),
  );
}

/** Figures are set with the currency at the column's left edge: it belongs to the figure and is no column. */
function withTheirSigns(cells: readonly Cell[]): Cell[] {
  const joined: Cell[] = [];
  for (const cell of cells) {
    const before = joined.at(-1);
    const [, figure, sign] =
      (before !== undefined && FIGURE.test(cell.text) && SIGN_AT_END.exec(before.text)) || [];
    if (before === undefined || sign === undefined) {
      joined.push(cell);
      continue;
    }
    joined.pop();
    // where the figure before it ends and the sign begins is told by their share of the letters
    const letter = (before.right - before.left) / before.text.length;
    if (figure) joined.push({ text: figure, left: before.left, right: before.right - 2 * letter });
    joined.push({ text: `${sign} ${cell.text}`, left: before.right - letter, right: cell.right });
  }
  return joined;
}
const SIGN_AT_END = /^(?:(.*[\d)%—–-])\s)?(\p{Sc})$/u;
const FIGURE = /^[-+(]?[\d.,—–-]/;

/** In letter heights: edges of one column agree to this. */
const EDGE_SLACK = 0.15;

/** Which rows have an edge near a place. */
class Edges {
  readonly #slack: number;
  /** By place, in steps of the slack: the row, or SEVERAL. */
  readonly #rows = new Map<number, number>();

  constructor(slack: number) {
    this.#slack = Math.max(slack, 0.1);
  }

  add(row: number, edge: number): void {
    const step = Math.round(edge / this.#slack);
    const known = this.#rows.get(step);
    this.#rows.set(step, known === undefined || known === row ? row : SEVERAL);
  }

  isInAnotherRow(row: number, edge: number): boolean {
    const step = Math.round(edge / this.#slack);
    return [step - 1, step, step + 1].some((near) => (this.#rows.get(near) ?? row) !== row);
  }
}

const SEVERAL = -1;

function divideAt(cell: Cell, gaps: NonNullable<Cell['gaps']>): Cell[] {
  const parts: Cell[] = [];
  let start = 0;
  let left = cell.left;
  for (const gap of gaps) {
    parts.push({ text: cell.text.slice(start, gap.at - 1), left, right: gap.left });
    start = gap.at;
    left = gap.right;
  }
  return parts.length === 0 ? [cell] : [...parts, { text: cell.text.slice(start), left, right: cell.right }];
}

interface Span {
  left: number;
  right: number;
}

/** More than a page of a table has, unless it is made to take time. */
const LOOKED_ROWS = 200;

/** Columns from the rows with the most cells; others fall into them. */
function columnSpans(rows: readonly Cell[][]): Span[] {
  const cells = rows.flatMap((row) => (row.length > 1 ? row : []));
  const looked = rows.slice(0, LOOKED_ROWS);
  let spans: Span[] = [];
  for (const cell of cells.toSorted((a, b) => a.right - a.left - (b.right - b.left))) {
    const inside = spans.filter((span) => overlaps(cell, span));
    if (inside.length === 0) spans.push({ left: cell.left, right: cell.right });
    // several that no row has beside each other are one column: a centred title over what begins at the left
    else if (inside.length === 1 || !looked.some((row) => standsIn(row, inside) > 1)) {
      const all = [cell, ...inside];
      const span = {
        left: Math.min(...all.map(({ left }) => left)),
        right: Math.max(...all.map(({ right }) => right)),
      };
      spans = [...spans.filter((other) => !inside.includes(other)), span];
    }
  }
  return spans.sort((a, b) => a.left - b.left);
}

const overlaps = (a: Span, b: Span): boolean => a.left < b.right && a.right > b.left;

/** In how many of these columns a row has a cell of its own. */
const standsIn = (row: readonly Cell[], spans: readonly Span[]): number => {
  const own = new Set<Cell>();
  for (const span of spans) {
    const cell = row.find((one) => overlaps(one, span));
    if (cell !== undefined) own.add(cell);
  }
  return own.size;
};

/** @param row what the cells before this one filled already. */
function bestColumn(columns: readonly Span[], cell: Span, row: readonly string[]): number {
  // the first column that is touched takes a cell that reaches over several, but not where a neighbour stands already
  const touched = columns.findIndex((column, i) => overlaps(cell, column) && row[i] === '');
  if (touched !== -1) return touched;
  let best = 0;
  let most = -Infinity;
  for (const [i, column] of columns.entries()) {
    const overlap = Math.min(column.right, cell.right) - Math.max(column.left, cell.left);
    if (overlap > most) [best, most] = [i, overlap];
  }
  return best;
}

const lineText = (line: Line): string => {
  const { cells } = line;
  return cells.length === 1 ? cells[0]!.text : cells.map((cell) => cell.text).join(' ');
};

/** Lines as running text: words divided at a line's end are whole again. */
function joinLines(lines: readonly Line[]): string {
  let text = '';
  for (const [i, line] of lines.entries()) {
    const previous = lines[i - 1];
    const own = lineText(line);
    if (previous === undefined || previous.hyphenated) text += own;
    else if (/\p{L}-$/u.test(text) && /^\p{Ll}/u.test(own)) text += own;
    else if (NO_SPACES.test(text.slice(-1)) && NO_SPACES.test(own.slice(0, 1))) text += own;
    else text += ` ${own}`;
  }
  return joinAccents(text);
}

/** Old TeX fonts draw an accent before the letter it belongs to, and an i without its dot below it. */
const joinAccents = (text: string): string =>
  text.replace(/([¨ˆ˜ˇ˚])([a-zA-Zı])/g, (drawn, accent: string, letter: string) => {
    const joined = ((letter === 'ı' ? 'i' : letter) + ACCENTS[accent]).normalize('NFC');
    return joined.length === 1 ? joined : drawn;
  });
const ACCENTS: Readonly<Record<string, string>> = {
  '¨': '\u0308',
  ˆ: '\u0302',
  '˜': '\u0303',
  ˇ: '\u030c',
  '˚': '\u030a',
};

/** Chinese and Japanese are written without spaces, so a line's end is none either. */
const NO_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}。、，：；！？「」（）]/u;

export const folded = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
const rounded = (size: number): number => Math.round(size * 2) / 2;
