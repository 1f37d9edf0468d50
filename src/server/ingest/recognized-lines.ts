import type { RecognizedLine, RecognizedPage, RecognizedWord } from '../ports/recognizer.ts';
import type { Cell, Line, LinePage } from './parse/pdf-lines.ts';

/**
 * Below this share of certainty (over the letters of a line, or of a page) what was read is noise: handwriting, a
 * drawing. Tesseract 5.3 gives printed pages 0.85 to 0.95, and an old letter written by hand 0.31.
 */
const NOISE = 0.5;
/** As in text that PDFium reads: wider gaps divide cells. */
const CELL_GAP = 1.15;
/** Boxes of small letters vary by so much with what stands in the line; beyond it the letters are larger. */
const LARGER = 1.35;

/** A page that was read from a picture as the lines that other pages are laid out from; none where it is noise. */
export function linesOf(page: RecognizedPage): LinePage {
  const upright = turnUpright(page);
  const lines = upright.lines.filter((line) => certainty([line]) >= NOISE);
  if (certainty(upright.lines) < NOISE) return { ...upright, lines: [] };
  const body = median(lines.map((line) => extent(line.words).height));
  return { ...upright, lines: lines.map((line) => lineOf(line, body)) };
}

function certainty(lines: readonly RecognizedLine[]): number {
  let letters = 0;
  let sum = 0;
  for (const { text, confidence } of lines.flatMap(({ words }) => words)) {
    letters += text.length;
    sum += text.length * confidence;
  }
  return letters === 0 ? 0 : sum / letters;
}

function lineOf({ words }: RecognizedLine, body: number): Line {
  const { left, right, top, bottom, height } = extent(words);
  const size = height >= body * LARGER ? height : body;
  const cells: Cell[] = [];
  for (const word of words) {
    const cell = cells.at(-1);
    // right-to-left words step to the left
    const gap = cell === undefined ? 0 : Math.max(word.left - cell.right, cell.left - word.right);
    if (cell === undefined || gap > size * CELL_GAP)
      cells.push({ text: word.text, left: word.left, right: word.right });
    else {
      cell.text += ` ${word.text}`;
      cell.left = Math.min(cell.left, word.left);
      cell.right = Math.max(cell.right, word.right);
    }
  }
  const last = cells.at(-1);
  const hyphenated = last !== undefined && /\p{Ll}[-¬]$/u.test(last.text);
  if (hyphenated) last.text = last.text.slice(0, -1);
  return { cells, left, right, top, bottom, size, bold: false, fixedWidth: false, hyphenated };
}

function extent(words: readonly RecognizedWord[]) {
  const left = Math.min(...words.map((word) => word.left));
  const right = Math.max(...words.map((word) => word.right));
  const top = Math.min(...words.map((word) => word.top));
  const bottom = Math.max(...words.map((word) => word.bottom));
  return { left, right, top, bottom, height: bottom - top };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Boxes of a page that lies on its side or stands on its head come as the picture has them: they are turned. */
function turnUpright(page: RecognizedPage): RecognizedPage {
  const turn = turnOf(page.lines);
  if (turn === 0) return page;
  const { width, height } = page;
  const words = (line: RecognizedLine) =>
    line.words.map((word) => ({ ...word, ...turned(word, turn, page) }));
  return {
    ...(turn === 2 ? { width, height } : { width: height, height: width }),
    lines: page.lines.map((line) => ({ words: words(line) })),
  };
}

type QuarterTurns = 0 | 1 | 2 | 3;

/** Clockwise quarters by which the page is turned, as told by the way from word to word and from line to line. */
function turnOf(lines: readonly RecognizedLine[]): QuarterTurns {
  let right = 0;
  let down = 0;
  for (const { words } of lines) {
    const first = words[0];
    const last = words.at(-1);
    if (first === undefined || last === undefined) continue;
    right += Math.sign(last.left - first.left) * words.length;
    down +=
      Math.sign(last.top - first.top) * (Math.abs(last.top - first.top) > steps(first) ? words.length : 0);
  }
  if (Math.abs(down) > Math.abs(right)) return down > 0 ? 1 : 3;
  const first = lines[0]?.words[0];
  const last = lines.at(-1)?.words[0];
  // text that runs from right to left also steps to the left, but its lines follow downwards
  return right < 0 && first !== undefined && last !== undefined && last.top < first.top ? 2 : 0;
}

/** Along a level line words differ in height by less than this. */
const steps = (word: RecognizedWord): number => 2 * Math.min(word.bottom - word.top, word.right - word.left);

function turned(
  { left, right, top, bottom }: RecognizedWord,
  turn: 1 | 2 | 3,
  { width, height }: RecognizedPage,
): Pick<RecognizedWord, 'left' | 'right' | 'top' | 'bottom'> {
  switch (turn) {
    case 1:
      return { left: top, right: bottom, top: width - right, bottom: width - left };
    case 2:
      return { left: width - right, right: width - left, top: height - bottom, bottom: height - top };
    case 3:
      return { left: height - bottom, right: height - top, top: left, bottom: right };
    default:
      return turn satisfies never;
  }
}
