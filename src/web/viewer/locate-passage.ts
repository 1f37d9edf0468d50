import { foldText } from './fold-text.ts';

/** Part of one item of a page's text layer, in code units of the item's text. */
export interface TextPart {
  readonly item: number;
  readonly start: number;
  readonly end: number;
}

/** A stretch of folded letters that stands in both readings of the page. */
interface Run {
  /** Where it starts in the passage. */
  readonly at: number;
  /** Where it starts in the text layer. */
  readonly found: number;
  readonly length: number;
}

/** The shortest stretch that is taken for the same words and not for chance; scripts without spaces say more in less. */
const SHORTEST_RUN = 8;
const SHORTEST_DENSE_RUN = 3;
/** Less of a passage than this is no find. */
const ENOUGH = 0.5;
/** What lies between two runs and is no longer than this was read differently, and belongs to the passage. */
const SMALL_GAP = 4;
/** Farther than this from the main find a short run is a chance one. */
const NEARBY = 400;

/**
 * The parts of a text layer that a passage of the page's extracted text stands in. The two readings of the page differ
 * in spaces, hyphens, ligatures, order of columns, and in what was left out.
 *
 * @param items     texts of the layer's items, in the layer's order
 * @param pageText  the page's extracted text
 * @param span      offsets of the passage in `pageText`
 * @returns in the layer's order; undefined when less than half of the passage is there
 */
export function locatePassage(
  items: readonly string[],
  pageText: string,
  span: { readonly start: number; readonly end: number },
): TextPart[] | undefined {
  const passage = foldText(pageText.slice(span.start, span.end)).letters;
  if (passage === '') return undefined;
  const before = foldText(pageText.slice(0, span.start)).letters;
  const after = foldText(pageText.slice(span.end)).letters;
  const layer = foldItems(items);
  const page = before + passage + after;

  const whole = findWhole(layer.letters, passage, page, before.length);
  if (whole !== undefined) return partsOf(layer, [{ at: 0, found: whole, length: passage.length }]);
  const expected = (before.length / Math.max(1, page.length)) * layer.letters.length;
  const runs = findRuns(layer.letters, passage, expected);
  const covered = runs.reduce((sum, { length }) => sum + length, 0);
  return covered < passage.length * ENOUGH ? undefined : partsOf(layer, withoutSmallGaps(runs));
}

interface FoldedItems {
  readonly letters: string;
  readonly item: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

function foldItems(items: readonly string[]): FoldedItems {
  let letters = '';
  const item: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  for (const [i, text] of items.entries()) {
    const folded = foldText(text);
    letters += folded.letters;
    for (let k = 0; k < folded.letters.length; k++) {
      item.push(i);
      starts.push(folded.starts[k] as number);
      ends.push(folded.ends[k] as number);
    }
  }
  return { letters, item, starts, ends };
}

/** Of a phrase that repeats: the same one by count where both readings have as many, else the nearest. */
function findWhole(letters: string, passage: string, page: string, at: number): number | undefined {
  const found = occurrences(letters, passage);
  if (found.length <= 1) return found[0];
  const own = occurrences(page, passage);
  if (own.length === found.length) return found[own.indexOf(at)] ?? found[0];
  const expected = (at / page.length) * letters.length;
  return found.reduce((best, next) => (Math.abs(next - expected) < Math.abs(best - expected) ? next : best));
}

function occurrences(text: string, phrase: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(phrase); at !== -1; at = text.indexOf(phrase, at + 1)) found.push(at);
  return found;
}

/** From left to right the longest stretches of the passage that the layer has; of equal ones the nearest to where they belong. */
function findRuns(letters: string, passage: string, expected: number): Run[] {
  const shortest = Math.min(passage.length, isDense(passage) ? SHORTEST_DENSE_RUN : SHORTEST_RUN);
  const places = new Map<string, number[]>();
  for (let i = 0; i + shortest <= letters.length; i++) {
    const key = letters.slice(i, i + shortest);
    const list = places.get(key);
    if (list === undefined) places.set(key, [i]);
    else list.push(i);
  }
  const runs: Run[] = [];
  let due = expected;
  for (let at = 0; at + shortest <= passage.length; ) {
    let best: Run | undefined;
    for (const found of places.get(passage.slice(at, at + shortest)) ?? []) {
      let length = shortest;
      while (
        at + length < passage.length &&
        found + length < letters.length &&
        passage[at + length] === letters[found + length]
      )
        length++;
      if (
        best === undefined ||
        length > best.length ||
        (length === best.length && Math.abs(found - due) < Math.abs(best.found - due))
      )
        best = { at, found, length };
    }
    if (best === undefined) {
      at++;
      due++;
    } else {
      runs.push(best);
      at += best.length;
      due = best.found + best.length;
    }
  }
  const main = runs.reduce((best, run) => (run.length > best.length ? run : best), {
    at: 0,
    found: 0,
    length: 0,
  });
  return runs.filter(
    (run) => run.length * 2 >= main.length || Math.abs(run.found - main.found) < passage.length * 2 + NEARBY,
  );
}

const isDense = (passage: string): boolean => {
  const dense = passage.match(
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu,
  )?.length;
  return dense !== undefined && dense * 2 > passage.length;
};

function withoutSmallGaps(runs: readonly Run[]): Run[] {
  const joined: Run[] = [];
  for (const run of [...runs].sort((a, b) => a.found - b.found)) {
    const last = joined.at(-1);
    const gap = last === undefined ? Number.POSITIVE_INFINITY : run.found - (last.found + last.length);
    if (last !== undefined && gap <= SMALL_GAP)
      joined[joined.length - 1] = {
        ...last,
        length: Math.max(last.length, run.found + run.length - last.found),
      };
    else joined.push(run);
  }
  return joined;
}

function partsOf(layer: FoldedItems, runs: readonly Run[]): TextPart[] {
  const parts: TextPart[] = [];
  for (const { found, length } of runs) {
    for (let i = found; i < found + length; i++) {
      const item = layer.item[i] as number;
      const start = layer.starts[i] as number;
      const end = layer.ends[i] as number;
      const last = parts.at(-1);
      // spaces and signs between two letters of the find belong to it
      if (last?.item === item && i > found)
        parts[parts.length - 1] = { ...last, end: Math.max(last.end, end) };
      else parts.push({ item, start, end });
    }
  }
  return parts;
}
