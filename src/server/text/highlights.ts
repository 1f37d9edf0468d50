import type { QueryTerm } from '../ports/text-index.ts';
import { wordTerms } from './analyse.ts';
import { splitWords } from './split-words.ts';

/**
 * Where a text holds a question's words, in any of their forms.
 * @param language of the text's document, as it was indexed.
 * @returns `[start, end)` in UTF-16 code units, ascending; overlapping and touching spans are one.
 */
export function highlightSpans(
  text: string,
  language: string,
  terms: readonly QueryTerm[],
): [start: number, end: number][] {
  const wanted = new Set(terms.flatMap(({ forms }) => forms));
  const spans: [number, number][] = [];
  if (wanted.size === 0) return spans;
  const mark = (start: number, end: number) => {
    const last = spans.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  };
  const initials = new Set([...wanted].map((form) => form.charCodeAt(0)));
  const keepsInitials = language !== 'ga';
  splitWords(text, (start, end, kind, joined) => {
    if (!joined && keepsInitials && !initials.has(text.charCodeAt(start)) && isPlain(text, start, end))
      return;
    const word = text.slice(start, end);
    if (kind === 'word') {
      if (wordTerms(word, kind, joined, language).some((term) => wanted.has(term))) mark(start, end);
      return;
    }
    for (const { from, to, term } of densePairs(word)) if (wanted.has(term)) mark(start + from, start + to);
  });
  return spans;
}

/**
 * Small Latin letters only, as most words are. In every language but Irish, which changes a word's beginning, all forms
 * of such a word begin with the same letter: only those that begin like a wanted one have to be looked up, which
 * saves a third of the time (20 against 14 µs a passage).
 */
function isPlain(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x61 || unit > 0x7a) return false;
  }
  return true;
}

/** The pairs of neighbouring characters of a run with their offsets. */
function* densePairs(run: string): Generator<{ from: number; to: number; term: string }> {
  const chars = Array.from(run);
  let from = 0;
  for (const [i, char] of chars.entries()) {
    const next = chars[i + 1];
    if (next === undefined && i > 0) return;
    const pair = char + (next ?? '');
    // one pair alone gives one term, unless a half-width sign joins the character before it
    for (const term of wordTerms(pair, 'dense', false, 'und')) yield { from, to: from + pair.length, term };
    from += char.length;
  }
}
