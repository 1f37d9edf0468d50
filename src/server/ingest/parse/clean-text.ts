/**
 * Text as pages hold it: NFC, well-formed UTF-16, `\n` line ends, no control characters but `\n` and `\t`.
 * Characters that only steer the display (bidirectional overrides, tags, zero-width spaces, byte order
 * marks, soft hyphens) go, because they hide words from search and from readers alike; joiners stay, since
 * Persian, Indic scripts and emoji are spelled with them.
 */
export function cleanText(text: string): string {
  let clean = text;
  if (clean.includes('\r')) clean = clean.replace(/\r\n?/g, '\n');
  if (UNUSUAL.test(clean)) {
    clean = clean
      .toWellFormed()
      .replace(LINE_BREAKS, '\n')
      .replace(INVISIBLE, '')
      .replace(SPACES, ' ')
      .replace(LIGATURES, (ligature) => ligature.normalize('NFKC'));
  }
  // NFC leaves Latin-1 alone, and asking is cheaper than building
  return BEYOND_LATIN.test(clean) ? clean.normalize('NFC') : clean;
}

const BEYOND_LATIN = /[^\0-\u00ff]/;
// one pass decides whether the costlier replacements are needed at all
const UNUSUAL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\0-\x08\x0b-\x1f\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\udfff\ufb00-\ufb06\ufdd0-\ufdef\ufeff\ufff0-\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const LINE_BREAKS = /[\x0b\x0c\x85\u2028\u2029]/g;
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\u{e0000}-\u{e007f}]/gu;
const SPACES = /[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const LIGATURES = /[\ufb00-\ufb06]/g;

/** Running text: runs of blanks are one space, lines are trimmed, empty lines go. */
export function cleanRunning(text: string): string {
  const clean = cleanText(text);
  if (!/[\t\n]| {2}|^ | $/.test(clean)) return clean;
  return clean
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n[ \n]*/g, '\n')
    .trim();
}

/** One line: line ends count as blanks. */
export const cleanLine = (text: string): string => cleanRunning(text).replaceAll('\n', ' ');

/** Text whose layout means something: blanks stay, except at line ends and around the whole. */
export function cleanLayout(text: string): string {
  return cleanText(text)
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/^\n+|\n+$/g, '');
}
