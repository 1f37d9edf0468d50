import type { Line, LinePage } from './pdf-lines.ts';

interface Edge {
  readonly line: Line;
  readonly pattern: string;
  /** For an outermost line that is only a number: that number less the page's index. */
  readonly counted: number | undefined;
}

/**
 * Finds what repeats from page to page at the edges: running heads, foot lines, page numbers. Cautious,
 * because a line lost here is lost to every search: a line goes only when its like stands at the same height
 * on two pages nearby, or when it is a number that counts the pages; and the first of its kind stays unless
 * it is no more than a page number.
 *
 * Pages are added in order; a page can be cleaned once NEARBY pages after it were added, or none follow.
 */
export class Furniture {
  readonly #edges = new Map<number, Edge[]>();
  readonly #seen = new Set<string>();

  add(index: number, page: LinePage): void {
    this.#edges.set(index, edgesOf(index, page));
    this.#edges.delete(index - 2 * NEARBY - 1);
  }

  /** The page's lines without those that repeat. */
  clean(index: number, page: LinePage): Line[] {
    const gone = new Set<Line>();
    for (const edge of this.#edges.get(index) ?? []) {
      if (this.#likes(index, edge) < 2) continue;
      if (this.#seen.has(edge.pattern) || PAGE_NUMBER.test(edge.pattern)) gone.add(edge.line);
      else edge.line.repeats = true;
      this.#seen.add(edge.pattern);
    }
    // a page of nothing but such lines is what the author put there
    return gone.size === page.lines.length ? page.lines : page.lines.filter((line) => !gone.has(line));
  }

  #likes(index: number, { line, pattern, counted }: Edge): number {
    let likes = 0;
    for (let i = index - NEARBY; i <= index + NEARBY; i++) {
      if (i === index) continue;
      const same = (edge: Edge) =>
        (counted !== undefined && edge.counted === counted) ||
        (Math.abs(edge.line.top - line.top) < 4 && edge.pattern === pattern);
      if (this.#edges.get(i)?.some(same)) likes++;
    }
    return likes;
  }
}

/** Odd and even pages may differ, so likes are looked for up to four pages away. */
export const NEARBY = 4;
const EDGE_LINES = 3;
const PAGE_NUMBER =
  /^[-–—\s|.]*(?:(?:page|seite|pagina|página|стр\.?|p\.?)\s*)?(?:#|[ivxlc]{1,7})(?:\s*(?:of|von|de|sur|di|из|\/)\s*#)?[-–—\s|.]*$/i;

function edgesOf(index: number, page: LinePage): Edge[] {
  const lines = edgeLines(page);
  const top = lines.reduce((least, line) => Math.min(least, line.top), Number.POSITIVE_INFINITY);
  const bottom = lines.reduce((most, line) => Math.max(most, line.bottom), Number.NEGATIVE_INFINITY);
  return lines.map((line) => {
    const text = lineText(line);
    const number = /^[-–—\s]*(\d{1,5})[-–—\s]*$/.exec(text)?.[1];
    const outermost = line.top === top || line.bottom === bottom;
    return {
      line,
      pattern: text.replace(/\d+/g, '#'),
      counted: number === undefined || !outermost ? undefined : Number(number) - index,
    };
  });
}

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

const lineText = (line: Line): string => line.cells.map((cell) => cell.text).join(' ');
