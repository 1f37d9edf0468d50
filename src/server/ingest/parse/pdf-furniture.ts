import type { Line, LinePage } from './pdf-lines.ts';

/**
 * Removes what repeats from page to page at the edges: running heads, foot lines, page numbers. Cautious,
 * because a line lost here is lost to every search: a line goes only when its like stands at the same height
 * on two pages nearby, and the first of its kind stays unless it is no more than a page number.
 */
export function dropFurniture(pages: readonly LinePage[]): void {
  if (pages.length < 3) return;
  const edges = pages.map(edgeLines);
  const drop: Set<Line>[] = pages.map(() => new Set());
  const seen = new Set<string>();
  for (const [i, lines] of edges.entries()) {
    for (const line of lines) {
      const key = pattern(line);
      let likes = 0;
      for (let j = Math.max(0, i - NEARBY); j <= Math.min(edges.length - 1, i + NEARBY); j++) {
        if (
          j !== i &&
          edges[j]!.some((other) => Math.abs(other.top - line.top) < 4 && pattern(other) === key)
        )
          likes++;
      }
      if (likes < 2) continue;
      if (seen.has(key) || PAGE_NUMBER.test(key)) drop[i]!.add(line);
      seen.add(key);
    }
  }
  for (const [i, page] of pages.entries()) {
    const gone = drop[i]!;
    if (gone.size === 0 || gone.size === page.lines.length) continue;
    const kept = page.lines.filter((line) => !gone.has(line));
    page.lines.splice(0, page.lines.length, ...kept);
  }
}

/** Odd and even pages may differ, so likes are looked for up to four pages away. */
const NEARBY = 4;
const EDGE_LINES = 3;
const PAGE_NUMBER =
  /^[-–—\s|.]*(?:(?:page|seite|pagina|página|стр\.?|p\.?)\s*)?(?:#|[ivxlc]{1,7})(?:\s*(?:of|von|de|sur|di|из|\/)\s*#)?[-–—\s|.]*$/i;

/** The outermost lines of a page, if they lie within its upper or lower seventh. */
function edgeLines({ lines, height }: LinePage): Line[] {
  if (lines.length === 0) return [];
  const byTop = lines.length > 2 * EDGE_LINES ? outermost(lines) : lines;
  // the page's own coordinates may begin anywhere: measure from its text
  const first = Math.min(...byTop.map((line) => line.top));
  const last = Math.max(...byTop.map((line) => line.bottom));
  return byTop.filter((line) => line.top - first < height / 14 || last - line.bottom < height / 14);
}

function outermost(lines: readonly Line[]): Line[] {
  const sorted = lines.toSorted((a, b) => a.top - b.top);
  return [...sorted.slice(0, EDGE_LINES), ...sorted.slice(-EDGE_LINES)];
}

const pattern = (line: Line): string =>
  line.cells
    .map((cell) => cell.text)
    .join(' ')
    .replace(/\d+/g, '#');
