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
  splitWords(text, (start, end, kind, joined) => {
    const word = text.slice(start, end);
    if (kind === 'word') {
      if (wordTerms(word, kind, joined, language).some((term) => wanted.has(term))) mark(start, end);
      return;
    }
    for (const { from, to, term } of densePairs(word)) if (wanted.has(term)) mark(start + from, start + to);
  });
  return spans;
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
