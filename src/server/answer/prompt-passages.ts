import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { chunkKey, collectionNoOf, ordinalOf, type SearchScope } from '../ports/search-scope.ts';
import { type FoundChunk, loadChunks } from '../records/hits.ts';
import { estimateTokens } from '../text/estimate-tokens.ts';
import { splitWords } from '../text/split-words.ts';
import { NEAR_DUPLICATE, SHORT_PASSAGE_TOKENS } from './constants.ts';

/** What a model reads of one place of a document: one chunk, or several that follow each other. */
export interface PromptPassage {
  /** 1, 2, …: how the model cites it. */
  readonly number: number;
  readonly chunks: readonly FoundChunk[];
  readonly text: string;
}

/**
 * The passages that go to the model: the best first until the budget is spent, without what nearly repeats another;
 * short ones are read together with their neighbours, and what stands side by side in a document is one passage.
 * In the order of the documents, best first, and within each by place.
 *
 * @param retrieved best first.
 * @param budgetTokens for all texts together; the best passage is taken in any case.
 */
export async function choosePassages(
  db: Kysely<Database>,
  retrieved: readonly FoundChunk[],
  scope: SearchScope,
  budgetTokens: number,
): Promise<PromptPassage[]> {
  const chosen: FoundChunk[] = [];
  const words: ReadonlySet<string>[] = [];
  let left = budgetTokens;
  for (const chunk of retrieved) {
    const own = wordsOf(chunk.text);
    if (words.some((other) => repeats(own, other))) continue;
    const tokens = estimateTokens(chunk.text);
    if (tokens > left && chosen.length > 0) continue;
    left -= tokens;
    chosen.push(chunk);
    words.push(own);
  }
  const whole = await addNeighbours(db, chosen, scope, left);
  return asPassages(whole);
}

/** Small to big: a short passage alone often lacks what it speaks of. */
async function addNeighbours(
  db: Kysely<Database>,
  chosen: readonly FoundChunk[],
  scope: SearchScope,
  budgetTokens: number,
): Promise<FoundChunk[]> {
  const known = new Map(chosen.map((chunk) => [chunk.key, chunk]));
  const wanted = new Map<number, FoundChunk>();
  for (const chunk of chosen) {
    if (estimateTokens(chunk.text) >= SHORT_PASSAGE_TOKENS) continue;
    const ordinal = ordinalOf(chunk.key);
    for (const other of [ordinal + 1, ordinal - 1]) {
      if (other < 0) continue;
      const key = chunkKey(collectionNoOf(chunk.key), other);
      if (!known.has(key) && !wanted.has(key)) wanted.set(key, chunk);
    }
  }
  let left = budgetTokens;
  for (const neighbour of await loadChunks(db, [...wanted.keys()], scope)) {
    // the neighbouring ordinal may be another document's
    if (neighbour.documentId !== wanted.get(neighbour.key)?.documentId) continue;
    const tokens = estimateTokens(neighbour.text);
    if (tokens > left) continue;
    left -= tokens;
    known.set(neighbour.key, neighbour);
  }
  // the document of the best passage stays first
  const rank = new Map([...chosen].reverse().map(({ documentId }, i) => [documentId, chosen.length - i]));
  return [...known.values()].sort(
    (a, b) => (rank.get(a.documentId) as number) - (rank.get(b.documentId) as number) || a.key - b.key,
  );
}

function asPassages(chunks: readonly FoundChunk[]): PromptPassage[] {
  const groups: FoundChunk[][] = [];
  for (const chunk of chunks) {
    const last = groups.at(-1)?.at(-1);
    const goesOn =
      last !== undefined &&
      last.documentId === chunk.documentId &&
      last.key + 1 === chunk.key &&
      last.headingPath.join('\n') === chunk.headingPath.join('\n');
    if (goesOn) groups.at(-1)?.push(chunk);
    else groups.push([chunk]);
  }
  return groups.map((group, i) => ({ number: i + 1, chunks: group, text: joined(group) }));
}

/** Neighbours may share a sentence: it is said once. */
function joined(chunks: readonly FoundChunk[]): string {
  let text = '';
  let last: FoundChunk | undefined;
  for (const chunk of chunks) {
    const shared = last !== undefined && last.page === chunk.page ? Math.max(0, last.end - chunk.start) : 0;
    const own = chunk.text.slice(shared);
    text += last === undefined ? own : `${shared > 0 ? '' : '\n'}${own}`;
    last = chunk;
  }
  const header = chunks[0]?.tableHeader;
  return header == null ? text : `${header}\n${text}`;
}

function wordsOf(text: string): Set<string> {
  const words = new Set<string>();
  splitWords(text, (start, end) => words.add(text.slice(start, end).toLowerCase()));
  return words;
}

/** Nearly all words of the shorter one stand in the other: but a changed number makes another statement. */
function repeats(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [short, long] = a.size < b.size ? [a, b] : [b, a];
  const lacking = [...short].filter((word) => !long.has(word));
  return lacking.length <= (1 - NEAR_DUPLICATE) * short.size && !lacking.some((word) => /\p{Nd}/u.test(word));
}
