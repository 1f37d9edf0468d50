import { describe, expect, test } from 'vitest';
import { makeVectors } from '../../../../bench/lib/vectors.ts';
import { randomNumbers } from '../../../../bench/lib/words.ts';
import { createLoadedCollection, type LoadedCollection } from './loaded-collection.ts';
import { quantizeRow } from './quantize.ts';
import { SLAB_ROWS } from './shared-layout.ts';
import { createSlabMemory } from './slab-memory.ts';

const STRIDE = 64;
const ROWS = 2 * SLAB_ROWS + 300;
const vectors = makeVectors({ count: ROWS, dimensions: 16, seed: 21 });
const random = randomNumbers(22);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
/** In which order which ordinals arrive. */
const arrivals: Record<string, number[]> = {
  'one after the other': upTo(ROWS),
  'with a gap behind every seventh': upTo(ROWS).map((i) => i + Math.floor(i / 7)),
  'with wide gaps': upTo(ROWS).map((i) => i + 5_000 * Math.floor(i / 100)),
  'side by side with others': upTo(ROWS).map((i) => (i % 2 === 0 ? i / 2 : ROWS + (i - 1) / 2)),
  'in blocks, the last first': upTo(ROWS).map((i) => 10_000 - 100 * Math.floor(i / 100) + (i % 100)),
  backwards: upTo(ROWS).map((i) => ROWS - i),
  'up to the last ordinal there is': upTo(ROWS).map((i) => 2 ** 32 - ROWS + i),
};

type Filter = [first: number, count: number][];
const every = (step: number, kept: number, from: number): Filter =>
  upTo(400).map((i) => [from + i * step, kept]);
/** Filters around the lowest ordinal of a collection. */
const filters: Record<string, (lowest: number) => Filter> = {
  nothing: () => [],
  everything: () => [[0, 2 ** 32 - 1]],
  'the first row': (lowest) => [[lowest, 1]],
  'every other row': (lowest) => every(2, 1, lowest + 1),
  'one row of twenty': (lowest) => every(20, 1, lowest),
  'all but one row of twenty': (lowest) => every(20, 19, lowest + 1),
  'pieces that touch': (lowest) => every(7, 7, lowest + 3),
  'both sides of the edges of slabs': (lowest) => [
    [lowest + SLAB_ROWS - 1, 1],
    [lowest + SLAB_ROWS, 1],
    [lowest + 2 * SLAB_ROWS - 3, 7],
  ],
  'a slab whole, and a row of the next': (lowest) => [[lowest + SLAB_ROWS, SLAB_ROWS + 1]],
  'what lies behind the last row': (lowest) => [[Math.min(2 ** 32 - 1, lowest + 1_000_000), 5]],
  'pieces and gaps of any length': (lowest) => {
    let end = lowest;
    return upTo(300).map(() => {
      const first = end + Math.floor(30 * random() ** 2);
      const count = Math.floor(40 * random() ** 2);
      end = first + count;
      return [first, count];
    });
  },
};

function visited(collection: LoadedCollection, ranges: Uint32Array | undefined) {
  const pieces: { codes: number; scales: number; rows: number; firstRow: number }[] = [];
  collection.pieces(ranges, (codes, scales, rows, firstRow) => {
    pieces.push({ codes, scales, rows, firstRow });
  });
  return pieces;
}
const rowsOf = (pieces: ReturnType<typeof visited>): number[] =>
  pieces.flatMap(({ rows, firstRow }) => upTo(rows).map((i) => firstRow + i));

describe.each(Object.entries(arrivals))('rows that arrived %s', (_, ordinals) => {
  const slabs = createSlabMemory(STRIDE);
  // another collection's slab lies in between
  const collection = createLoadedCollection(1, slabs, STRIDE);
  ordinals.forEach((ordinal, i) => {
    if (i === SLAB_ROWS) slabs.take();
    collection.put(ordinal, vectors[i] as Float32Array);
  });

  test.each(Object.entries(filters))('a filter that keeps %s gives exactly its rows', (_, make) => {
    const filter = make(Math.min(...ordinals));
    const found = rowsOf(visited(collection, Uint32Array.from(filter.flat())));
    const kept = ordinals.filter((ordinal) =>
      filter.some(([first, count]) => ordinal >= first && ordinal < first + count),
    );
    expect(found.map((row) => collection.ordinalAt(row))).toEqual(kept.sort((a, b) => a - b));
  });

  test('without a filter every row is given once', () => {
    expect(rowsOf(visited(collection, undefined))).toEqual(upTo(ROWS));
  });

  test('a piece lies within a slab, and its addresses are those of its codes and scales', () => {
    const filter = Uint32Array.from(every(11, 9, Math.min(...ordinals)).flat());
    for (const { codes, scales, rows, firstRow } of visited(collection, filter)) {
      expect(Math.floor(firstRow / SLAB_ROWS)).toBe(Math.floor((firstRow + rows - 1) / SLAB_ROWS));
      const wanted = new Uint8Array(STRIDE);
      for (let i = 0; i < rows; i++) {
        const scale = quantizeRow(vectors[firstRow + i] as Float32Array, wanted);
        expect(new Uint8Array(slabs.memory.buffer, codes + i * STRIDE, STRIDE)).toEqual(wanted);
        expect(new Float32Array(slabs.memory.buffer, scales + 4 * i, 1)[0]).toBe(Math.fround(scale));
      }
    }
  });

  test('only rows that are killed become waste', () => {
    const killed = ordinals.toSorted((a, b) => a - b).slice(SLAB_ROWS - 5, SLAB_ROWS + 5);
    const [first, last] = [killed[0] as number, killed.at(-1) as number];
    for (let time = 0; time < 2; time++) collection.kill(first, last - first + 1);
    expect(collection.waste()).toBe(10 / ROWS);
    const dead = visited(collection, undefined).flatMap(({ scales, rows, firstRow }) =>
      Array.from(new Float32Array(slabs.memory.buffer, scales, rows), (scale, i) =>
        Number.isNaN(scale) ? collection.ordinalAt(firstRow + i) : -1,
      ).filter((ordinal) => ordinal >= 0),
    );
    expect(dead.sort((a, b) => a - b)).toEqual(killed);
  });
});
