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

  const slabOf = (row: number) => taken[Math.floor(row / SLAB_ROWS)] as Slab;
  const isDead = (row: number) => Number.isNaN(slabOf(row).scales[row % SLAB_ROWS]);

  const rowAt = (position: number): number => (order === undefined ? position : (order[position] as number));
  const ordinalOf = (position: number): number => ordinals[rowAt(position)] as number;

  /** Position (in order of ordinals) of the first row whose ordinal is at least `ordinal`, at or after `from`. */
  const lowerBound = (ordinal: number, from = 0): number => {
    if (from >= count || ordinalOf(from) >= ordinal) return from;
    // ordinals grow by one or more from row to row, and seldom by more: the farthest place is mostly the right one
    const farthest = Math.min(count, from + ordinal - ordinalOf(from));
    if (ordinalOf(farthest - 1) < ordinal) return farthest;
    // else near `from`: ranges come in order, and the next one is seldom far
    let low = from + 1;
    let high = low;
    for (let step = 1; high < farthest && ordinalOf(high) < ordinal; step *= 2) {
      low = high + 1;
      high += step;
    }
    high = Math.min(high, farthest);
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

  /** @returns where the range ends, in order of ordinals. */
  const visitRange = (
    first: number,
    length: number,
    visit: (row: number, rows: number) => void,
    after = 0,
  ): number => {
    const from = lowerBound(first, after);
    const to = lowerBound(first + length, from);
    if (order === undefined) {
      if (to > from) visit(from, to - from);
      return to;
    }
    for (let at = from; at < to; ) {
      const row = rowAt(at);
      let rows = 1;
      while (at + rows < to && rowAt(at + rows) === row + rows) rows++;
      visit(row, rows);
      at += rows;
    }
    return to;
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
      visitRange(first, length, (row, rows) => {
        for (let r = row; r < row + rows; r++) {
          if (isDead(r)) continue;
          slabOf(r).scales[r % SLAB_ROWS] = Number.NaN;
          dead++;
        }
      });
    },
    pieces(ranges, visit) {
      const visitRun = (firstRow: number, rows: number) => {
        for (let row = firstRow; row < firstRow + rows; ) {
          const within = row % SLAB_ROWS;
          const length = Math.min(firstRow + rows - row, SLAB_ROWS - within);
          const { at } = slabOf(row);
          visit(at + within * stride, at + SLAB_ROWS * stride + within * 4, length, row);
          row += length;
        }
      };
      if (ranges === undefined) return visitRun(0, count);
      let end = 0;
      for (let i = 0; i < ranges.length; i += 2)
        end = visitRange(ranges[i] as number, ranges[i + 1] as number, visitRun, end);
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
