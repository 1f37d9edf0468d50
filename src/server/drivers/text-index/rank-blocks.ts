import {
  type ChunkScore,
  chunkKey,
  type ScopeCollection,
  type SearchScope,
} from '../../ports/search-scope.ts';
import type { QueryTerm } from '../../ports/text-index.ts';
import { BM25_B, BM25_K1 } from './bm25.ts';
import { asEntries, BLOCK_BITS, BLOCK_SIZE, LOCAL_MASK, TF_BITS, TF_MAX } from './posting-block.ts';
import { TopScores } from './top-scores.ts';

/** What the index holds at one moment. */
export interface StoredBlocks {
  /** A collection's blocks of chunk lengths, ascending. */
  lengths(collectionNo: number): Iterable<readonly [block: number, data: Uint8Array]>;
  postings(collectionNo: number, block: number, term: string): Uint8Array | undefined;
  /** Ranges that are gone although their postings are not. */
  tombstones(collectionNo: number): readonly (readonly [firstOrdinal: number, ordinalCount: number])[];
}

/** BM25 over the blocks, as `TextReader.search` promises it: every driver's scores are the same. */
export function rankBlocks(
  stored: StoredBlocks,
  memory: Accumulators,
  { terms, k, scope }: { terms: readonly QueryTerm[]; k: number; scope: SearchScope },
): ChunkScore[] {
  const blocks = openBlocks(stored, memory, scope);
  const { count, lengthSum } = totals(memory, blocks);
  if (count === 0) return [];
  const averageLength = lengthSum / count;
  for (const { forms, times } of distinctTerms(terms)) {
    const found = findPostings(stored, blocks, forms);
    let frequency = 0;
    for (const { block, entries } of found) frequency += visibleEntries(memory, block, entries);
    if (frequency === 0) continue;
    const idf = Math.log(1 + (count - frequency + 0.5) / (frequency + 0.5));
    const weight = times * idf * (BM25_K1 + 1);
    for (const { block, entries } of found) accumulate(memory, block, entries, weight, averageLength);
  }
  return best(memory, blocks, Math.min(k, count));
}

/** A block of the scope and its place in the accumulators: ordinal `local` is at `base + local`. */
interface OpenBlock {
  readonly collectionNo: number;
  readonly block: number;
  readonly base: number;
  /** Ordinals from `size` on have no chunk. */
  readonly size: number;
  /** Some chunks of the block are not visible: filtered out, or gone. Their length reads 0. */
  readonly masked: boolean;
}

/** By position in the scope, blocks side by side; kept from search to search. */
export class Accumulators {
  lengths = new Uint16Array(BLOCK_SIZE);
  scores = new Float32Array(BLOCK_SIZE);

  /** Room for `positions`, keeping the lengths. */
  grow(positions: number): void {
    if (positions <= this.lengths.length) return;
    const size = Math.max(positions, this.lengths.length * 2);
    const lengths = new Uint16Array(size);
    lengths.set(this.lengths);
    this.lengths = lengths;
    this.scores = new Float32Array(size);
  }
}

function openBlocks(stored: StoredBlocks, memory: Accumulators, scope: SearchScope): OpenBlock[] {
  const blocks: OpenBlock[] = [];
  // by number, so that the order of positions is the order of keys
  const collections = scope.collections.toSorted((a, b) => a.no - b.no);
  for (const collection of collections) {
    const gone = stored.tombstones(collection.no);
    for (const [block, data] of stored.lengths(collection.no)) {
      const base = blocks.length << BLOCK_BITS;
      memory.grow(base + BLOCK_SIZE);
      const lengths = asEntries(data);
      const masked = takeLengths(
        memory.lengths.subarray(base, base + lengths.length),
        lengths,
        block,
        collection,
        gone,
      );
      if (masked === 'empty') continue;
      blocks.push({
        collectionNo: collection.no,
        block,
        base,
        size: lengths.length,
        masked: masked === 'partly',
      });
    }
  }
  memory.scores.fill(0, 0, blocks.length << BLOCK_BITS);
  return blocks;
}

/** Fills in the lengths of the visible chunks and 0 for the others. */
function takeLengths(
  target: Uint16Array,
  stored: Uint16Array,
  block: number,
  { documents }: ScopeCollection,
  gone: readonly (readonly [firstOrdinal: number, ordinalCount: number])[],
): 'all' | 'partly' | 'empty' {
  const first = block * BLOCK_SIZE;
  const end = first + stored.length;
  let masked = false;
  if (documents === undefined) target.set(stored);
  else {
    masked = true;
    target.fill(0);
    let any = false;
    for (let i = firstReaching(documents, first); i < documents.length; i++) {
      const { firstOrdinal, chunkCount } = documents[i] as (typeof documents)[number];
      if (firstOrdinal >= end) break;
      const from = Math.max(firstOrdinal, first) - first;
      const to = Math.min(firstOrdinal + chunkCount, end) - first;
      if (to <= from) continue;
      target.set(stored.subarray(from, to), from);
      any = true;
    }
    if (!any) return 'empty';
  }
  for (const [firstOrdinal, ordinalCount] of gone) {
    const from = Math.max(firstOrdinal, first);
    const to = Math.min(firstOrdinal + ordinalCount, end);
    if (from >= to) continue;
    target.fill(0, from - first, to - first);
    masked = true;
  }
  return masked ? 'partly' : 'all';
}

/** Index of the first document whose range ends behind `ordinal`. */
function firstReaching(documents: NonNullable<ScopeCollection['documents']>, ordinal: number): number {
  let low = 0;
  let high = documents.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { firstOrdinal, chunkCount } = documents[middle] as (typeof documents)[number];
    if (firstOrdinal + chunkCount <= ordinal) low = middle + 1;
    else high = middle;
  }
  return low;
}

function totals(
  { lengths }: Accumulators,
  blocks: readonly OpenBlock[],
): { count: number; lengthSum: number } {
  let count = 0;
  let lengthSum = 0;
  for (const { base, size } of blocks) {
    for (let position = base; position < base + size; position++) {
      const length = lengths[position] as number;
      lengthSum += length;
      if (length > 0) count++;
    }
  }
  return { count, lengthSum };
}

/** A word asked for twice weighs double: long questions repeat what matters to them. */
function distinctTerms(terms: readonly QueryTerm[]): Iterable<{ forms: readonly string[]; times: number }> {
  const distinct = new Map<string, { forms: readonly string[]; times: number }>();
  for (const { forms } of terms) {
    const own = [...new Set(forms)].sort();
    const key = own.join('\0');
    const seen = distinct.get(key);
    if (seen === undefined) distinct.set(key, { forms: own, times: 1 });
    else seen.times++;
  }
  return distinct.values();
}

interface FoundPostings {
  readonly block: OpenBlock;
  readonly entries: Uint16Array;
}

function findPostings(
  { postings }: StoredBlocks,
  blocks: readonly OpenBlock[],
  forms: readonly string[],
): FoundPostings[] {
  const found: FoundPostings[] = [];
  for (const block of blocks) {
    let entries: Uint16Array | undefined;
    for (const form of forms) {
      const data = postings(block.collectionNo, block.block, form);
      if (data === undefined) continue;
      entries = entries === undefined ? asEntries(data) : addFrequencies(entries, asEntries(data));
    }
    if (entries !== undefined) found.push({ block, entries });
  }
  return found;
}

/** Both ascending; a chunk in both gets the sum of its frequencies. */
function addFrequencies(a: Uint16Array, b: Uint16Array): Uint16Array {
  const merged = new Uint16Array(a.length + b.length);
  let size = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = i < a.length ? (a[i] as number) : 0x10000;
    const y = j < b.length ? (b[j] as number) : 0x10000;
    if (x >> TF_BITS === y >> TF_BITS) {
      merged[size++] = (x & ~TF_MAX) | Math.min((x & TF_MAX) + (y & TF_MAX), TF_MAX);
      i++;
      j++;
    } else if (x < y) {
      merged[size++] = x;
      i++;
    } else {
      merged[size++] = y;
      j++;
    }
  }
  return merged.subarray(0, size);
}

function visibleEntries(
  { lengths }: Accumulators,
  { base, masked }: OpenBlock,
  entries: Uint16Array,
): number {
  if (!masked) return entries.length;
  let visible = 0;
  for (let i = 0; i < entries.length; i++) {
    if ((lengths[base + ((entries[i] as number) >> TF_BITS)] as number) > 0) visible++;
  }
  return visible;
}

function accumulate(
  { lengths, scores }: Accumulators,
  { base }: OpenBlock,
  entries: Uint16Array,
  weight: number,
  averageLength: number,
): void {
  const fixed = BM25_K1 * (1 - BM25_B);
  const perWord = (BM25_K1 * BM25_B) / averageLength;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as number;
    const position = base + (entry >> TF_BITS);
    const frequency = entry & TF_MAX;
    scores[position] =
      (scores[position] as number) +
      (weight * frequency) / (frequency + fixed + perWord * (lengths[position] as number));
  }
}

function best({ lengths, scores }: Accumulators, blocks: readonly OpenBlock[], k: number): ChunkScore[] {
  const top = new TopScores(k);
  let floor = 0;
  for (const { base, size } of blocks) {
    for (let position = base; position < base + size; position++) {
      const score = scores[position] as number;
      // an invisible chunk has no length
      if (score > floor && (lengths[position] as number) > 0) {
        top.add(position, score);
        floor = top.floor;
      }
    }
  }
  const hits: ChunkScore[] = [];
  for (const { position, score } of top.descending()) {
    const { collectionNo, block } = blocks[position >> BLOCK_BITS] as OpenBlock;
    hits.push({ key: chunkKey(collectionNo, block * BLOCK_SIZE + (position & LOCAL_MASK)), score });
  }
  return hits;
}
