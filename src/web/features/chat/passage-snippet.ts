export interface SnippetPiece {
  readonly text: string;
  readonly marked: boolean;
}

/**
 * The line of a passage that says why it was found: about `length` characters around the first words that match.
 *
 * @param highlights `[start, end]` within `passage`, in order
 */
export function passageSnippet(
  passage: string,
  highlights: readonly (readonly [number, number])[],
  length = 180,
): SnippetPiece[] {
  const first = highlights[0]?.[0] ?? 0;
  let start = Math.max(0, Math.min(first - Math.floor(length / 4), passage.length - length));
  // from the beginning of a word
  if (start > 0) {
    const space = passage.slice(start, first).search(/\s/);
    if (space !== -1) start += space + 1;
  }
  const end = Math.min(passage.length, start + length);
  const pieces: SnippetPiece[] = [];
  const add = (from: number, to: number, marked: boolean) => {
    const text = passage.slice(from, to).replaceAll(/\s+/gu, ' ');
    if (text !== '') pieces.push({ text, marked });
  };
  let at = start;
  for (const [from, to] of highlights) {
    if (to <= at || from >= end) continue;
    add(at, Math.max(at, from), false);
    add(Math.max(at, from), Math.min(to, end), true);
    at = Math.min(to, end);
  }
  add(at, end, false);
  if (start > 0) pieces.unshift({ text: '… ', marked: false });
  if (end < passage.length) pieces.push({ text: ' …', marked: false });
  return pieces;
}
