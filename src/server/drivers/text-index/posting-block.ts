import type { TextEntry } from '../../ports/text-index.ts';

/**
 * The stored form of the index. A block holds 4,096 ordinals of one collection; a term's postings in it are
 * u16 entries `(ordinal & 4095) << 4 | min(tf, 15)`, little endian, ascending; a block's chunk lengths are
 * u16 by `ordinal & 4095`, 0 where no chunk is, without the empty tail.
 */
export const BLOCK_BITS = 12;
export const BLOCK_SIZE = 1 << BLOCK_BITS;
export const LOCAL_MASK = BLOCK_SIZE - 1;
export const TF_BITS = 4;
/** More occurrences count as 15: at k1 1.2 a word's weight can grow by 8 % more at most. */
export const TF_MAX = (1 << TF_BITS) - 1;
/** Longer chunks count as this long. */
export const LENGTH_MAX = 0xffff;

export const blockOf = (ordinal: number): number => Math.floor(ordinal / BLOCK_SIZE);
export const localOf = (ordinal: number): number => ordinal & LOCAL_MASK;
const makeEntry = (local: number, tf: number): number => (local << TF_BITS) | Math.min(tf, TF_MAX);

/** Views a stored blob as u16; copies only where its memory is not aligned. */
export function asEntries(blob: Uint8Array): Uint16Array {
  if ((blob.byteOffset & 1) === 0) return new Uint16Array(blob.buffer, blob.byteOffset, blob.byteLength >> 1);
  return new Uint16Array(blob.slice().buffer);
}

export const asBlob = (entries: Uint16Array): Uint8Array =>
  new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength);

/** Both ascending, no ordinal in both. */
export function mergeEntries(a: Uint16Array, b: Uint16Array): Uint16Array {
  const merged = new Uint16Array(a.length + b.length);
  let i = 0;
  let j = 0;
  for (let to = 0; to < merged.length; to++) {
    const takeA = j === b.length || (i < a.length && (a[i] as number) < (b[j] as number));
    merged[to] = takeA ? (a[i++] as number) : (b[j++] as number);
  }
  return merged;
}

/** Without the entries of locals `first` … `last`, both included; the same array when it held none. */
export function withoutLocals(entries: Uint16Array, first: number, last: number): Uint16Array {
  const from = lowerBound(entries, first << TF_BITS);
  const to = lowerBound(entries, (last + 1) << TF_BITS);
  if (from === to) return entries;
  const kept = new Uint16Array(entries.length - (to - from));
  kept.set(entries.subarray(0, from));
  kept.set(entries.subarray(to), from);
  return kept;
}

/** Index of the first entry ≥ `value`. */
function lowerBound(entries: Uint16Array, value: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function groupByBlock(entries: readonly TextEntry[]): Map<number, TextEntry[]> {
  const groups = new Map<number, TextEntry[]>();
  for (const entry of entries) {
    // a chunk without any word cannot be found: it takes no place
    if (entry.length === 0) continue;
    const block = blockOf(entry.ordinal);
    const group = groups.get(block);
    if (group === undefined) groups.set(block, [entry]);
    else group.push(entry);
  }
  return groups;
}

/** Postings by term of entries that lie in one block, in its stored form. */
export function postingsOf(entries: readonly TextEntry[]): Map<string, Uint16Array> {
  const byTerm = new Map<string, number[]>();
  for (const { ordinal, terms } of entries) {
    const local = localOf(ordinal);
    for (const [term, tf] of terms) {
      const list = byTerm.get(term);
      if (list === undefined) byTerm.set(term, [makeEntry(local, tf)]);
      else list.push(makeEntry(local, tf));
    }
  }
  return new Map([...byTerm].map(([term, list]) => [term, Uint16Array.from(list)]));
}

/** A block's lengths, with room for at least `size` ordinals. */
export function widened(stored: Uint8Array | undefined, size: number): Uint16Array {
  const before = stored === undefined ? new Uint16Array(0) : asEntries(stored);
  const lengths = new Uint16Array(Math.max(before.length, size));
  lengths.set(before);
  return lengths;
}

/** Without the zeros at the end. */
export function usedLength(lengths: Uint16Array): number {
  let used = lengths.length;
  while (used > 0 && lengths[used - 1] === 0) used--;
  return used;
}
