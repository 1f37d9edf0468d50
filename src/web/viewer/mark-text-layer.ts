import type { TextPart } from './locate-passage.ts';

/**
 * Wraps parts of a text layer's items into `<mark>` and takes away the marks that were there before.
 *
 * @returns the first mark
 */
export function markTextLayer(
  items: readonly HTMLElement[],
  texts: readonly string[],
  parts: readonly TextPart[],
): HTMLElement | undefined {
  for (const [i, item] of items.entries())
    if (item.querySelector('mark') !== null) item.textContent = texts[i] ?? '';
  let first: HTMLElement | undefined;
  const byItem = Map.groupBy(parts, ({ item }) => item);
  for (const [i, own] of byItem) {
    const item = items[i];
    const text = texts[i];
    if (item === undefined || text === undefined) continue;
    const pieces: (Node | string)[] = [];
    let at = 0;
    for (const { start, end } of own) {
      if (start > at) pieces.push(text.slice(at, start));
      const mark = document.createElement('mark');
      mark.textContent = text.slice(start, end);
      first ??= mark;
      pieces.push(mark);
      at = end;
    }
    if (at < text.length) pieces.push(text.slice(at));
    item.replaceChildren(...pieces);
  }
  return first;
}
