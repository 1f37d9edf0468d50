import { KIND, KINDS } from './scripts.ts';

/** `word`: letters and digits, joined ones included ("ERR_CONN-1042"). `dense`: a run of a script without spaces. */
export type WordKind = 'word' | 'dense';

/** Longer runs are data, not words (base64, DNA); their beginning stands for them. */
const MAX_WORD = 256;

/**
 * Calls `visit` for every word of `text` with its offsets in UTF-16 code units, left to right, never
 * overlapping. `joined`: the word holds characters other than letters, digits and marks.
 */
export function splitWords(
  text: string,
  visit: (start: number, end: number, kind: WordKind, joined: boolean) => void,
): void {
  const length = text.length;
  let i = 0;
  while (i < length) {
    const kind = KINDS[text.charCodeAt(i)] as number;
    if (kind === KIND.dense) {
      const start = i;
      while (i < length && isDensePart(text.charCodeAt(i))) i++;
      visit(start, i, 'dense', false);
    } else if (kind === KIND.letter || kind === KIND.digit) {
      const start = i;
      let joined = false;
      for (;;) {
        while (i < length && isWordPart(text.charCodeAt(i))) i++;
        if (
          i + 1 >= length ||
          KINDS[text.charCodeAt(i)] !== KIND.joiner ||
          !startsWord(text.charCodeAt(i + 1))
        )
          break;
        joined = true;
        i++;
      }
      // C++, C#, F#: the sign is the name's second half
      if (i - start === 1 && kind === KIND.letter) {
        const sign = text.charCodeAt(i);
        const end = sign === 0x23 ? i + 1 : sign === 0x2b && text.charCodeAt(i + 1) === 0x2b ? i + 2 : i;
        if (end > i && !(end < length && isWordPart(text.charCodeAt(end)))) {
          joined = true;
          i = end;
        }
      }
      visit(start, Math.min(i, start + MAX_WORD), 'word', joined);
    } else i++;
  }
}

function isDensePart(unit: number): boolean {
  const kind = KINDS[unit];
  return kind === KIND.dense || kind === KIND.mark;
}
function startsWord(unit: number): boolean {
  const kind = KINDS[unit];
  return kind === KIND.letter || kind === KIND.digit;
}
function isWordPart(unit: number): boolean {
  const kind = KINDS[unit];
  return kind === KIND.letter || kind === KIND.digit || kind === KIND.mark;
}
