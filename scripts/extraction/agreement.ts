/** How an extracted text agrees with the text that the document was made from, counted in characters of words. */
export interface Agreement {
  /** F1 of the words, wherever they stand. */
  readonly words: number;
  /** F1 of the longest sequence of words that both have in the same order. */
  readonly inOrder: number;
}

export function agreement(reference: string, extracted: string): Agreement {
  const expected = words(reference);
  const found = words(extracted);
  const all = lengthOf(expected) + lengthOf(found);
  if (all === 0) return { words: 1, inOrder: 1 };
  return { words: (2 * shared(expected, found)) / all, inOrder: (2 * commonSequence(expected, found)) / all };
}

/** How many of a table's rows a text has on a line of their own each, and with the same cells divided by bars or tabs. */
export function rowsFound(
  rows: readonly (readonly string[])[],
  extracted: string,
): { readonly onLine: number; readonly divided: number } {
  const lines = extracted.split('\n').filter((line) => line.trim() !== '');
  const whole = new Set(lines.map(folded));
  const divided = new Set(lines.map((line) => cellsOf(line.split(/[|\t]/))));
  let onLine = 0;
  let apart = 0;
  for (const row of rows) {
    if (whole.has(folded(row.join('')))) onLine++;
    if (divided.has(cellsOf(row))) apart++;
  }
  return { onLine, divided: apart };
}

const cellsOf = (cells: readonly string[]): string =>
  cells
    .map(folded)
    .filter((text) => text !== '')
    .join('|');

const folded = (text: string): string => words(text).join('');

/** Words of letters and digits; scripts without spaces count by the character. */
const words = (text: string): string[] =>
  text
    .normalize('NFKC')
    .replace(/\u00ad/g, '')
    .toLowerCase()
    .match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}\p{M}]+/gu) ?? [];

const lengthOf = (parts: readonly string[]): number => parts.reduce((sum, part) => sum + part.length, 0);

function shared(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>();
  for (const word of a) left.set(word, (left.get(word) ?? 0) + 1);
  let length = 0;
  for (const word of b) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    length += word.length;
  }
  return length;
}

/** The longest common subsequence, in characters: a table of two rows, words by words. */
function commonSequence(a: readonly string[], b: readonly string[]): number {
  const numbers = new Map<string, number>();
  const number = (word: string) => {
    const known = numbers.get(word) ?? numbers.size;
    numbers.set(word, known);
    return known;
  };
  const rowWords = Uint32Array.from(a, number);
  const columnWords = Uint32Array.from(b, number);
  let above = new Uint32Array(b.length + 1);
  let row = new Uint32Array(b.length + 1);
  for (const [i, word] of rowWords.entries()) {
    const length = a[i]!.length;
    for (let j = 0; j < columnWords.length; j++) {
      const skipped = Math.max(above[j + 1]!, row[j]!);
      row[j + 1] = columnWords[j] === word ? Math.max(skipped, above[j]! + length) : skipped;
    }
    [above, row] = [row, above];
  }
  return above[b.length] ?? 0;
}
