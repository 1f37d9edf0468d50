/** `[1]`, `[2][3]` and `[1, 2]`: how an answer points at what it rests on. */
const MARKERS = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g;

export type AnswerPiece =
  | { readonly kind: 'text'; readonly at: number; readonly text: string }
  | { readonly kind: 'marker'; readonly at: number; readonly marker: number };

/**
 * A text cut at the markers of citations that are there; other numbers in brackets stay words. The space before a
 * marker goes with it, so that the mark stands at the word that it follows.
 */
export function cutAtMarkers(text: string, known: (marker: number) => boolean): AnswerPiece[] {
  const pieces: AnswerPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(MARKERS)) {
    const markers = (match[1] as string).split(',').map(Number);
    if (!markers.every(known)) continue;
    const before = text.slice(from, match.index).replace(/[ \u00a0]$/, '');
    if (before !== '') pieces.push({ kind: 'text', at: from, text: before });
    for (const [i, marker] of markers.entries()) pieces.push({ kind: 'marker', at: match.index + i, marker });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ kind: 'text', at: from, text: text.slice(from) });
  return pieces;
}

/** A marker that is still on its way would flash as brackets. */
export const withoutHalfMarker = (text: string): string => text.replace(/ ?\[[\d,\s]*$/, '');

/** The answer as text for elsewhere, its sources listed below it. */
export function withFootnotes(
  answer: string,
  citations: readonly {
    readonly marker: number;
    readonly title: string;
    readonly page: number;
    readonly quote: string;
  }[],
  pageName: (page: number) => string,
): string {
  if (citations.length === 0) return answer;
  const oneLine = (text: string) => text.replaceAll(/\s+/gu, ' ').trim();
  const notes = citations.map(
    ({ marker, title, page, quote }) =>
      `[${marker}] ${oneLine(title)}, ${pageName(page)}: “${oneLine(quote)}”`,
  );
  return `${answer}\n\n${notes.join('\n')}`;
}
