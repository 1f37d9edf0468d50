import type { Pdfium } from './pdf-library.ts';

/**
 * A line of a page: what stands on one baseline. Coordinates are points with y growing downwards, turned
 * so that the page's main text runs from left to right.
 */
export interface Line {
  /** Pieces with a wide gap between them: one for running text, several where there may be table cells. */
  cells: Cell[];
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** Height of the letters' boxes: follows the font size, whatever way the file scales its fonts. */
  readonly size: number;
  /** From its first to its last letter, as far as these two tell. */
  readonly bold: boolean;
  /** In a font whose letters are all as wide: code, mostly. */
  readonly fixedWidth: boolean;
  /** The last character is a hyphen that only stands for the line's end. */
  hyphenated: boolean;
  /** The first of a head or foot line that repeats on the pages that follow. */
  repeats?: boolean;
}

export interface Cell {
  text: string;
  left: number;
  right: number;
  /** Gaps wider than a space usually is, but not wide enough to divide cells by themselves. */
  gaps?: Gap[];
}

export interface Gap {
  readonly left: number;
  readonly right: number;
  /** Where the text goes on behind it. */
  readonly at: number;
}

export interface LinePage {
  readonly lines: Line[];
  readonly width: number;
  readonly height: number;
}

interface Word {
  text: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

interface Turn {
  readonly degrees: 0 | 90 | 180 | 270;
}

/**
 * Some right-to-left words come as they look from left to right: where the first letter does not stand right
 * of the last, the word is turned round.
 */
const RIGHT_TO_LEFT = /^[\p{Script=Arabic}\p{Script=Hebrew}\p{M}]{2,}$/u;

/** A gap wider than this many letter heights divides cells; justified text stays below it. */
const CELL_GAP = 1.15;
/** What may divide the cells of a narrow table: twice a usual space and more. */
const PERHAPS_CELL_GAP = 0.6;
/** Room for a rectangle, or for a font's name and flags. */
const SCRATCH_BYTES = 132;
/** PDFium's marks for a hyphen that it takes for a soft one at a line's end: in a page's text, and of a character. */
const SOFT_HYPHENS = [0xfffe, 2];

/** Reads a loaded text page into lines, in the file's own order. */
export function readLines(pdf: Pdfium, textPage: number, width: number, height: number): LinePage {
  const scratch = pdf.malloc(SCRATCH_BYTES);
  try {
    const raw = rawLines(pdf, textPage);
    const turn = mainTurn(pdf, textPage, raw);
    const sideways = turn.degrees === 90 || turn.degrees === 270;
    const lines: Line[] = [];
    for (const words of raw) {
      const line = measure(pdf, textPage, scratch, words, turn);
      if (line === undefined) continue;
      const previous = lines.at(-1);
      if (previous !== undefined && continues(previous, line)) append(previous, line);
      else lines.push(line);
    }
    return { lines, width: sideways ? height : width, height: sideways ? width : height };
  } finally {
    pdf.free(scratch);
  }
}

interface RawWord {
  text: string;
  first: number;
  last: number;
}

/** Words with the index of their first and last character, by PDFium's own line breaks. */
function rawLines(pdf: Pdfium, textPage: number): RawWord[][] {
  const lines: RawWord[][] = [];
  const { length, codeAt, slice } = characters(pdf, textPage);
  let line: RawWord[] = [];
  let first = 0;
  const endWord = (end: number, hyphen = '') => {
    const text = slice(first, end) + hyphen;
    if (text !== '') line.push({ text, first, last: hyphen === '' ? end - 1 : end });
    first = end + 1;
  };
  const endLine = () => {
    if (line.length > 0) lines.push(line);
    line = [];
  };
  for (let i = 0; i < length; i++) {
    const code = codeAt(i);
    if (code > 0x20 && code < 0xa0) continue;
    if (code === 0x0a || code === 0x0d) {
      endWord(i);
      endLine();
    } else if (code === 0x20 || code === 0xa0 || code === 0x09 || code === 0x3000) endWord(i);
    else if (SOFT_HYPHENS.includes(code)) {
      endWord(i, '\u00ad');
      endLine();
    }
  }
  endWord(length);
  endLine();
  return lines;
}

interface Characters {
  readonly length: number;
  codeAt(index: number): number;
  slice(from: number, to: number): string;
}

/** What PDFium leaves out of a page's text, or what takes two units there: indexes would no longer agree. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const UNEVEN = /[\0\x01\x03-\x08\v\f\x0e-\x1f\ud800-\udfff]/;

/** The page's characters: at once, or one by one where its text has not exactly one unit for each. */
function characters(pdf: Pdfium, textPage: number): Characters {
  const length = pdf.FPDFText_CountChars(textPage);
  const buffer = pdf.malloc(2 * (length + 1));
  try {
    const units = pdf.FPDFText_GetText(textPage, 0, length, buffer) - 1;
    const text = Buffer.from(pdf.HEAPU8.buffer as ArrayBuffer, buffer, 2 * Math.max(0, units)).toString(
      'utf16le',
    );
    if (units === length && !UNEVEN.test(text))
      return {
        length,
        codeAt: (index) => text.charCodeAt(index),
        slice: (from, to) => text.slice(from, to),
      };
  } finally {
    pdf.free(buffer);
  }
  const codes = Uint32Array.from({ length }, (_, i) => pdf.FPDFText_GetUnicode(textPage, i));
  const isText = (code: number) => code >= 0x20 && code <= 0x10ffff;
  return {
    length,
    codeAt: (index) => codes[index]!,
    slice(from, to) {
      let text = '';
      // not as arguments of one call: a page may be one word of any length
      for (const code of codes.subarray(from, to)) if (isText(code)) text += String.fromCodePoint(code);
      return text;
    },
  };
}

/** Lines that vote on the page's direction, taken from all its parts. */
const VOTERS = 16;

/** The direction of most lines' letters, in quarter turns. */
function mainTurn(pdf: Pdfium, textPage: number, lines: readonly RawWord[][]): Turn {
  const votes = [0, 0, 0, 0];
  const step = Math.max(1, Math.floor(lines.length / VOTERS));
  for (let i = 0; i < lines.length; i += step) {
    const words = lines[i] ?? [];
    const first = words[0];
    if (first === undefined) continue;
    const quarter = Math.round(pdf.FPDFText_GetCharAngle(textPage, first.first) / (Math.PI / 2));
    votes[((quarter % 4) + 4) % 4]! += words.length;
  }
  const best = votes.indexOf(Math.max(...votes));
  return { degrees: ([0, 90, 180, 270] as const)[best] ?? 0 };
}

function measure(
  pdf: Pdfium,
  textPage: number,
  scratch: number,
  raw: readonly RawWord[],
  turn: Turn,
): Line | undefined {
  const words: Word[] = [];
  const head = newBox();
  const tail = newBox();
  for (const { text, first, last } of divideGlued(pdf, textPage, scratch, raw, turn)) {
    box(pdf, textPage, scratch, first, turn, head);
    if (first === last) place(tail, head.left, head.right, head.top, head.bottom);
    else box(pdf, textPage, scratch, last, turn, tail);
    words.push({
      text: RIGHT_TO_LEFT.test(text) && head.left <= tail.left ? [...text].reverse().join('') : text,
      left: Math.min(head.left, tail.left),
      right: Math.max(head.right, tail.right),
      top: head.top,
      bottom: head.bottom,
    });
  }
  const start = raw[0];
  if (start === undefined) return undefined;
  const end = raw.at(-1) ?? start;
  const firstFont = fontOf(pdf, textPage, scratch, start.first);
  // the end only matters where the beginning stands out
  const lastFont =
    firstFont.bold || firstFont.fixedWidth ? fontOf(pdf, textPage, scratch, end.last) : firstFont;
  const size = commonHeight(words);
  const cells: Cell[] = [];
  for (const word of words) {
    const cell = cells.at(-1);
    // right-to-left words step to the left: the distance between the boxes counts, not its sign
    const gap = cell === undefined ? 0 : Math.max(word.left - cell.right, cell.left - word.right);
    if (cell === undefined || gap > size * CELL_GAP)
      cells.push({ text: word.text, left: word.left, right: word.right });
    else {
      if (word.left - cell.right > size * PERHAPS_CELL_GAP) noteGap(cell, word.left);
      cell.text += ` ${word.text}`;
      cell.left = Math.min(cell.left, word.left);
      cell.right = Math.max(cell.right, word.right);
    }
  }
  const last = cells.at(-1);
  const hyphenated = last?.text.endsWith('\u00ad') ?? false;
  if (hyphenated && last !== undefined) last.text = last.text.slice(0, -1);
  return {
    cells,
    ...extent(words),
    size,
    bold: firstFont.bold && lastFont.bold,
    fixedWidth: firstFont.fixedWidth && lastFont.fixedWidth,
    hyphenated,
  };
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A character's box, in `into`: a page has thousands, and new ones cost 4 % of its reading (CPU, 3,100 dense pages). */
function box(pdf: Pdfium, textPage: number, rectangle: number, index: number, turn: Turn, into: Box): Box {
  const found = pdf.FPDFText_GetLooseCharBox(textPage, index, rectangle) !== 0;
  const { HEAPF32 } = pdf;
  const at = rectangle >> 2;
  const left = found ? HEAPF32[at]! : 0;
  const top = found ? HEAPF32[at + 1]! : 0;
  const right = found ? HEAPF32[at + 2]! : 0;
  const bottom = found ? HEAPF32[at + 3]! : 0;
  switch (turn.degrees) {
    case 0:
      return place(into, left, right, -top, -bottom);
    case 90:
      return place(into, -top, -bottom, -right, -left);
    case 180:
      return place(into, -right, -left, bottom, top);
    case 270:
      return place(into, bottom, top, left, right);
    default:
      return turn.degrees satisfies never;
  }
}

function place(into: Box, left: number, right: number, top: number, bottom: number): Box {
  into.left = left;
  into.right = right;
  into.top = top;
  into.bottom = bottom;
  return into;
}

const newBox = (): Box => ({ left: 0, right: 0, top: 0, bottom: 0 });

function extent(words: readonly Word[]): Omit<Word, 'text'> {
  const all = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const word of words) {
    all.left = Math.min(all.left, word.left);
    all.right = Math.max(all.right, word.right);
    all.top = Math.min(all.top, word.top);
    all.bottom = Math.max(all.bottom, word.bottom);
  }
  return all;
}

/** Where a small letter, a number or a mark meets what usually begins a word, or more letters than a word has. */
const PERHAPS_GLUED =
  /\p{Ll}[\p{Lu}\d]|\d\p{L}{2}|[,;:)]\p{L}{2}|[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]{16}/u;
/** Most words of Latin script, told in a tenth of the time: nothing in them can match the above. */
const SURELY_ONE = /^[A-Z]?[a-z]{0,14}[.,;:)]?$/;
/** In letter heights: what a space in tightly set text is wider than the gaps between its letters. */
const TIGHT_SPACE = 0.13;

/**
 * PDFium takes the narrow spaces of tightly set text for gaps between letters. Where a word looks like two and
 * has gaps clearly wider than its usual one, the words of its line are divided at such gaps.
 */
function divideGlued(
  pdf: Pdfium,
  textPage: number,
  scratch: number,
  words: readonly RawWord[],
  turn: Turn,
): readonly RawWord[] {
  const divide = (word: RawWord) => divideAtGaps(pdf, textPage, scratch, word, turn);
  const isGlued = (word: RawWord) =>
    !SURELY_ONE.test(word.text) && PERHAPS_GLUED.test(word.text) && divide(word).length > 1;
  if (!words.some(isGlued)) return words;
  return words.flatMap(divide);
}

function divideAtGaps(pdf: Pdfium, textPage: number, scratch: number, word: RawWord, turn: Turn): RawWord[] {
  const letters = [...word.text];
  if (letters.length < 4 || letters.length > 300 || letters.length !== word.last - word.first + 1)
    return [word];
  const boxes = letters.map((_, i) => box(pdf, textPage, scratch, word.first + i, turn, newBox()));
  const height = (i: number) => boxes[i]!.bottom - boxes[i]!.top;
  const gaps = boxes.slice(1).map((right, i) => right.left - boxes[i]!.right);
  // below the middle: in short words the wide gaps may be nearly half
  const usual = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length * 0.4)] ?? 0;
  const words: RawWord[] = [];
  let start = 0;
  for (let i = 1; i <= letters.length; i++) {
    if (i < letters.length) {
      // an index or exponent keeps its distance
      const sameSize = Math.abs(height(i) - height(i - 1)) < 0.1 * height(i);
      if (!sameSize || gaps[i - 1]! - usual < TIGHT_SPACE * height(i)) continue;
    }
    words.push({
      text: letters.slice(start, i).join(''),
      first: word.first + start,
      last: word.first + i - 1,
    });
    start = i;
  }
  return words;
}

interface Font {
  readonly bold: boolean;
  readonly fixedWidth: boolean;
}

/** Weight and pitch; many files say "bold" only in the font's name. */
function fontOf(pdf: Pdfium, textPage: number, scratch: number, index: number): Font {
  const flagsAt = scratch + SCRATCH_BYTES - 4;
  const bytes = pdf.FPDFText_GetFontInfo(textPage, index, scratch, SCRATCH_BYTES - 4, flagsAt);
  const flags = bytes === 0 ? 0 : (pdf.HEAP32[flagsAt >> 2] ?? 0);
  const name =
    bytes > 1 && bytes <= SCRATCH_BYTES - 4
      ? Buffer.from(pdf.HEAPU8.buffer, scratch, bytes - 1).toString('latin1')
      : '';
  return {
    bold: /bold|black|heavy/i.test(name) || pdf.FPDFText_GetFontWeight(textPage, index) >= 600,
    fixedWidth: (flags & 1) === 1 || /mono|courier|consol|typewriter|cmtt/i.test(name),
  };
}

/** The height that most letters of the line have. */
function commonHeight(words: readonly Word[]): number {
  const first = words[0] === undefined ? 0 : roundedHeight(words[0]);
  if (words.every((word) => roundedHeight(word) === first)) return first;
  const letters = new Map<number, number>();
  for (const word of words) {
    const height = roundedHeight(word);
    letters.set(height, (letters.get(height) ?? 0) + word.text.length);
  }
  let best = 0;
  let most = 0;
  for (const [height, count] of letters) if (count > most) [best, most] = [height, count];
  return best;
}

const roundedHeight = ({ top, bottom }: Word): number => Math.round(Math.abs(bottom - top) * 4) / 4;

function noteGap(cell: Cell, right: number): void {
  cell.gaps ??= [];
  cell.gaps.push({ left: cell.right, right, at: cell.text.length + 1 });
}

/** PDFium breaks a line where the file moves its pen; on the same baseline further right it goes on. */
function continues(line: Line, next: Line): boolean {
  if (line.hyphenated) return false;
  const overlap = Math.min(line.bottom, next.bottom) - Math.max(line.top, next.top);
  if (overlap < 0.5 * Math.min(line.bottom - line.top, next.bottom - next.top)) return false;
  return next.left >= line.right - 0.3 * line.size;
}

function append(line: Line, next: Line): void {
  const last = line.cells.at(-1);
  const [first, ...others] = next.cells;
  if (last === undefined || first === undefined) return;
  const gap = first.left - last.right;
  if (gap > line.size * CELL_GAP) line.cells.push(first, ...others);
  else {
    const glued = gap < 0.12 * line.size || /^[,.;:)\]]/.test(first.text);
    if (gap > line.size * PERHAPS_CELL_GAP && !glued) noteGap(last, first.left);
    for (const inner of first.gaps ?? []) {
      last.gaps ??= [];
      last.gaps.push({ ...inner, at: inner.at + last.text.length + (glued ? 0 : 1) });
    }
    last.text += (glued ? '' : ' ') + first.text;
    last.right = first.right;
    line.cells.push(...others);
  }
  line.right = Math.max(line.right, next.right);
  line.top = Math.min(line.top, next.top);
  line.bottom = Math.max(line.bottom, next.bottom);
  line.hyphenated = next.hyphenated;
}
