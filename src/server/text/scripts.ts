/**
 * What a UTF-16 code unit is to the analyser. One byte per unit in a table: looking up costs a few
 * nanoseconds, a regular expression with Unicode classes some hundred per word.
 */
export const KIND = {
  /** Space, punctuation, symbols: ends a word. */
  other: 0,
  letter: 1,
  digit: 2,
  /** Combining marks and invisible joiners: belong to the word they follow. */
  mark: 3,
  /** Scripts written without spaces between words: Han, kana, Hangul syllables, Thai, Lao, Khmer, Myanmar. */
  dense: 4,
  /** Joins two words to one when it stands between letters or digits: `. - _ @ ' ’ / : , · &`. */
  joiner: 5,
} as const;

/** Every code unit in order, to be matched in runs: testing each alone takes 10 MB of short strings. */
const unitsBetween = (first: number, end: number): string =>
  Buffer.from(Uint16Array.from({ length: end - first }, (_, i) => first + i).buffer).toString('utf16le');
const BELOW_SURROGATES = unitsBetween(0, 0xd800);
const ABOVE_SURROGATES = unitsBetween(0xe000, 0x10000);

/** U+00AD, U+200C, U+200D, U+2060, U+FEFF: drawn as nothing, stand inside words. */
const INVISIBLE = [0x00ad, 0x200c, 0x200d, 0x2060, 0xfeff];
const JOINERS = ".-_@'’/:,&‐‑·";

const DENSE_RANGES: readonly (readonly [number, number])[] = [
  [0x0e00, 0x0eff], // Thai, Lao
  [0x1000, 0x109f], // Myanmar
  [0x1780, 0x17ff], // Khmer
  [0x3005, 0x3007], // ideographic iteration mark, closing mark, zero
  [0x3041, 0x30ff], // kana
  [0x31f0, 0x31ff], // kana extensions
  [0x3400, 0x4dbf], // Han extension A
  [0x4e00, 0x9fff], // Han
  [0xac00, 0xd7a3], // Hangul syllables
  [0xf900, 0xfaff], // Han compatibility
  [0xff66, 0xff9f], // half-width katakana
];

function makeTable(): Uint8Array {
  const table = new Uint8Array(0x10000);
  const fill = (kind: number, pattern: RegExp) => {
    for (const { 0: run, index } of BELOW_SURROGATES.matchAll(pattern))
      table.fill(kind, index, index + run.length);
    for (const { 0: run, index } of ABOVE_SURROGATES.matchAll(pattern))
      table.fill(kind, 0xe000 + index, 0xe000 + index + run.length);
  };
  fill(KIND.letter, /[\p{L}\p{Nl}]+/gu);
  // superscripts are footnote marks and fractions stick to numbers: both end a word; subscripts are part of it
  fill(KIND.digit, /[\p{Nd}\u2080-\u2089]+/gu);
  fill(KIND.mark, /\p{M}+/gu);
  for (let unit = 0xd800; unit < 0xe000; unit++) table[unit] = surrogateKind(unit);
  for (const [first, last] of DENSE_RANGES) {
    for (let unit = first; unit <= last; unit++) {
      if (table[unit] === KIND.letter || table[unit] === KIND.mark) table[unit] = KIND.dense;
    }
  }
  // the middle dot of katakana separates words; the long vowel mark is a letter already
  table[0x30fb] = KIND.other;
  for (const unit of INVISIBLE) table[unit] = KIND.mark;
  for (const char of JOINERS) table[char.charCodeAt(0)] = KIND.joiner;
  return table;
}

/** The first half of a pair decides: rare Han is dense, planes of pictures are other, further scripts letters. */
function surrogateKind(unit: number): number {
  if (unit >= 0xdc00) return KIND.mark;
  if (unit >= 0xd840 && unit < 0xd8c0) return KIND.dense;
  return unit >= 0xd83c && unit < 0xd840 ? KIND.other : KIND.letter;
}

export const KINDS: Uint8Array = makeTable();

export type Script = 'latin' | 'cyrillic' | 'greek' | 'arabic' | 'hebrew' | 'devanagari' | 'other';

/** The script of a word, by its first letter that has one. */
export function scriptOf(word: string): Script {
  for (let i = 0; i < word.length; i++) {
    const unit = word.charCodeAt(i);
    if (KINDS[unit] !== KIND.letter) continue;
    if (unit < 0x0250 || (unit >= 0x1e00 && unit < 0x1f00)) return 'latin';
    if (unit < 0x0370) continue;
    if (unit < 0x0400 || (unit >= 0x1f00 && unit < 0x2000)) return 'greek';
    if (unit < 0x0530) return 'cyrillic';
    if (unit >= 0x0590 && unit < 0x0600) return 'hebrew';
    if ((unit >= 0x0600 && unit < 0x0700) || (unit >= 0xfb50 && unit < 0xff00)) return 'arabic';
    if (unit >= 0x0900 && unit < 0x0980) return 'devanagari';
    return 'other';
  }
  return 'other';
}
