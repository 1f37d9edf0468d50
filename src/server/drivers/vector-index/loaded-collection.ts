import { quantizeRow } from './quantize.ts';
import { SLAB_ROWS } from './shared-layout.ts';
import type { SlabMemory } from './slab-memory.ts';

/** The codes of one collection in memory, and which ordinal each row stands for. */
export interface LoadedCollection {
  readonly no: number;
  rows(): number;
  /** Adds a row, or overwrites the one of this ordinal. */
  put(ordinal: number, vector: Float32Array): void;
  /** Rows in [first, first + count) are never found again. */
  kill(first: number, count: number): void;
  ordinalAt(row: number): number;
  /** The ordinal's cosine with `vector` as the codes tell it; undefined where no living row stands for it. */
  estimate(vector: Float32Array, ordinal: number): number | undefined;
  /**
   * Calls `visit` with what to scan, each piece within one slab: all rows, or those whose ordinals lie in the
   * ranges (first ordinal and count, in turn; ascending, disjoint).
   */
  pieces(ranges: Uint32Array | undefined, visit: VisitPiece): void;
  /** Share of rows that are dead. */
  waste(): number;
  /** What of the change logs is in here. */
  readonly seen: { vectorLog: number; tombstones: number };
  free(): void;
}

/** Addresses of a piece's codes and scales, how many rows it has, and which is the first. */
export type VisitPiece = (codes: number, scales: number, rows: number, firstRow: number) => void;

export function createLoadedCollection(no: number, slabs: SlabMemory, stride: number): LoadedCollection {
  const taken: Slab[] = [];
  let ordinals = new Uint32Array(SLAB_ROWS);
  let count = 0;
  let dead = 0;
  /** Rows by ordinal; undefined while the rows themselves are in that order. */
  let order: Uint32Array | undefined;

  const slabOf = (row: number) => taken[(row / SLAB_ROWS) | 0] as Slab;
  const isDead = (row: number) => Number.isNaN(slabOf(row).scales[row % SLAB_ROWS]);

  const rowAt = (position: number): number => (order === undefined ? position : (order[position] as number));
  const ordinalOf = (position: number): number => ordinals[rowAt(position)] as number;

  /** Position (in order of ordinals) of the first row whose ordinal is at least `ordinal`, at or after `from`. */
  const lowerBound = (ordinal: number, from = 0): number => {
    if (from >= count) return from;
    const distance = ordinal - ordinalOf(from);
    if (distance <= 0) return from;
    // ordinals grow by one or more from row to row, and seldom by more: the farthest place is mostly the right one
    const farthest = from + distance;
    if (farthest <= count && ordinalOf(farthest - 1) < ordinal) return farthest;
    return lowerBoundBefore(Math.min(count, farthest), ordinal, from);
  };

  /** The same, looked for from `farthest` backwards; on its own so that the engine inlines what comes before it. */
  const lowerBoundBefore = (farthest: number, ordinal: number, from: number): number => {
    let high = farthest;
    let step = 1;
    while (high - step > from && ordinalOf(high - step) >= ordinal) {
      high -= step;
      step *= 2;
    }
    let low = Math.max(from, high - step) + 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ordinalOf(middle) < ordinal) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  /** Documents that are embedded side by side arrive interleaved: the new row is then not the last by ordinal. */
  const insertIntoOrder = (position: number) => {
    if (order === undefined) {
      if (position === count) return;
      order = new Uint32Array(ordinals.length);
      for (let row = 0; row < count; row++) order[row] = row;
    }
    order.copyWithin(position + 1, position, count);
    order[position] = count;
  };

  const write = (row: number, vector: Float32Array) => {
    const { codes, scales } = slabOf(row);
    const position = row % SLAB_ROWS;
    scales[position] = quantizeRow(vector, codes, position * stride, stride);
  };

  /** How many of the positions from `at` to `to` are rows that follow each other within one slab. */
  const runAt = (at: number, to: number): number => {
    const row = rowAt(at);
    const most = Math.min(to - at, SLAB_ROWS - (row % SLAB_ROWS));
    if (order === undefined) return most;
    let rows = 1;
    while (rows < most && order[at + rows] === row + rows) rows++;
    return rows;
  };

  const visitPiece = (row: number, rows: number, visit: VisitPiece) => {
    const { at } = slabOf(row);
    const within = row % SLAB_ROWS;
    visit(at + within * stride, at + SLAB_ROWS * stride + within * 4, rows, row);
  };

  return {
    no,
    seen: { vectorLog: 0, tombstones: 0 },
    rows: () => count,
    ordinalAt: (row) => ordinals[row] as number,
    put(ordinal, vector) {
      const highest = count === 0 ? -1 : ordinalOf(count - 1);
      const position = ordinal > highest ? count : lowerBound(ordinal);
      if (position < count && ordinalOf(position) === ordinal) {
        const row = rowAt(position);
        if (isDead(row)) dead--;
        write(row, vector);
        return;
      }
      if (count === taken.length * SLAB_ROWS) taken.push(slabViews(slabs, stride));
      if (count === ordinals.length) {
        ordinals = widened(ordinals);
        if (order !== undefined) order = widened(order);
      }
      ordinals[count] = ordinal;
      insertIntoOrder(position);
      write(count, vector);
      count++;
    },
    kill(first, length) {
      const to = lowerBound(first + length);
      for (let at = lowerBound(first); at < to; at++) {
        const row = rowAt(at);
        if (isDead(row)) continue;
        slabOf(row).scales[row % SLAB_ROWS] = Number.NaN;
        dead++;
      }
    },
    estimate(vector, ordinal) {
      const position = lowerBound(ordinal);
      if (position === count || ordinalOf(position) !== ordinal) return undefined;
      const row = rowAt(position);
      if (isDead(row)) return undefined;
      const { codes, scales } = slabOf(row);
      const within = row % SLAB_ROWS;
      const from = within * stride;
      let sum = 0;
      for (let i = 0; i < vector.length; i++)
        sum += (vector[i] as number) * ((codes[from + i] as number) - 64);
      return sum * (scales[within] as number);
    },
    pieces(ranges, visit) {
      if (ranges === undefined) {
        for (let row = 0; row < count; row += SLAB_ROWS)
          visitPiece(row, Math.min(SLAB_ROWS, count - row), visit);
        return;
      }
      let to = 0;
      for (let i = 0; i < ranges.length; i += 2) {
        const first = ranges[i] as number;
        let at = lowerBound(first, to);
        to = lowerBound(first + (ranges[i + 1] as number), at);
        while (at < to) {
          const rows = runAt(at, to);
          visitPiece(rowAt(at), rows, visit);
          at += rows;
        }
      }
    },
    waste: () => (count === 0 ? 0 : dead / count),
    free() {
      for (const { at } of taken.splice(0)) slabs.give(at);
      count = 0;
    },
  };
}

interface Slab {
  /** Its address. */
  readonly at: number;
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
}

/** Views of a shared memory stay valid when it grows: they are made once a slab, not once a row. */
function slabViews({ memory, take }: SlabMemory, stride: number): Slab {
  const at = take();
  return {
    at,
    codes: new Uint8Array(memory.buffer, at, SLAB_ROWS * stride),
    scales: new Float32Array(memory.buffer, at + SLAB_ROWS * stride, SLAB_ROWS),
  };
}

function widened(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(array.length * 2);
  wider.set(array);
  return wider;
}
