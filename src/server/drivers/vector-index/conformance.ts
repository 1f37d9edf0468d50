import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chunkKey, type ScopeCollection, type SearchScope } from '../../ports/search-scope.ts';
import type { Transaction } from '../../ports/transaction.ts';
import type { VectorReader, VectorWriter } from '../../ports/vector-index.ts';

export interface VectorIndexUnderTest {
  readonly writer: VectorWriter;
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** A writer of its own, as in another process. */
  openSecondWriter(): Promise<Pick<VectorIndexUnderTest, 'writer' | 'transaction'>>;
  /** A reader with its own view of what is committed. */
  openReader(dimensions: number): VectorReader;
  tombstone(collectionNo: number, firstOrdinal: number, ordinalCount: number): Promise<void>;
  close(): Promise<void>;
}

const DIMENSIONS = 8;
const ONE = 1;
const OTHER = 2;

/** A unit vector in the plane of the first two axes. */
const atAngle = (degrees: number): Float32Array => {
  const vector = new Float32Array(DIMENSIONS);
  vector[0] = Math.cos((degrees * Math.PI) / 180);
  vector[1] = Math.sin((degrees * Math.PI) / 180);
  return vector;
};

const whole = (...numbers: number[]): SearchScope => ({
  collections: numbers.map((no) => ({ no, generation: 1 })),
});
const within = (no: number, ...ranges: [first: number, count: number][]): SearchScope => ({
  collections: [
    {
      no,
      generation: 1,
      documents: ranges.map(([firstOrdinal, chunkCount], i) => ({
        id: `document ${i}`,
        firstOrdinal,
        chunkCount,
      })),
    } satisfies ScopeCollection,
  ],
});

/** Every driver of `VectorReader` and `VectorWriter` passes these. */
export function describeVectorIndex(name: string, make: () => Promise<VectorIndexUnderTest>): void {
  describe(`vector index: ${name}`, () => {
    let index: VectorIndexUnderTest;
    let reader: VectorReader;
    beforeEach(async () => {
      index = await make();
      reader = index.openReader(DIMENSIONS);
    });
    afterEach(async () => {
      await reader.close();
      await index.close();
    });

    /** Stores one vector for each [ordinal, angle]. */
    const put = (
      no: number,
      points: readonly (readonly [ordinal: number, degrees: number])[],
      by: Pick<VectorIndexUnderTest, 'writer' | 'transaction'> = index,
    ) =>
      by.transaction((tx) =>
        by.writer.put(
          tx,
          points.map(([ordinal, degrees]) => ({ key: chunkKey(no, ordinal), vector: atAngle(degrees) })),
        ),
      );
    const found = async (degrees: number, k: number, scope: SearchScope) =>
      (await reader.search(atAngle(degrees), k, scope)).map(({ key }) => key);
    const keys = (no: number, ...ordinals: number[]) => ordinals.map((ordinal) => chunkKey(no, ordinal));

    test('the nearest come first, with their cosine', async () => {
      await put(ONE, [
        [0, 0],
        [1, 40],
        [2, 10],
        [3, 180],
      ]);
      const hits = await reader.search(atAngle(0), 3, whole(ONE));
      expect(hits.map(({ key }) => key)).toEqual(keys(ONE, 0, 2, 1));
      [0, 10, 40].forEach((degrees, i) => {
        expect(hits[i]?.score).toBeCloseTo(Math.cos((degrees * Math.PI) / 180), 5);
      });
    });

    test('fewer than k are returned when there are no more', async () => {
      await put(ONE, [[0, 0]]);
      expect(await found(0, 5, whole(ONE))).toEqual(keys(ONE, 0));
    });

    test('an empty scope, an unknown collection and an empty document list find nothing', async () => {
      await put(ONE, [[0, 0]]);
      expect(await found(0, 5, { collections: [] })).toEqual([]);
      expect(await found(0, 5, whole(99))).toEqual([]);
      expect(await found(0, 5, within(ONE))).toEqual([]);
    });

    test('a collection outside the scope is never seen, however near it is', async () => {
      await put(ONE, [[0, 60]]);
      await put(OTHER, [[0, 0]]);
      expect(await found(0, 5, whole(ONE))).toEqual(keys(ONE, 0));
    });

    test('several collections are ranked together', async () => {
      await put(ONE, [
        [0, 0],
        [1, 20],
      ]);
      await put(OTHER, [
        [0, 10],
        [1, 30],
      ]);
      expect(await found(0, 3, whole(ONE, OTHER))).toEqual([
        chunkKey(ONE, 0),
        chunkKey(OTHER, 0),
        chunkKey(ONE, 1),
      ]);
    });

    test("a filter keeps exactly its documents' chunks", async () => {
      await put(
        ONE,
        Array.from({ length: 50 }, (_, ordinal) => [ordinal, ordinal] as const),
      );
      expect(await found(0, 50, within(ONE, [10, 3], [40, 2]))).toEqual(keys(ONE, 10, 11, 12, 40, 41));
      expect(await found(0, 50, within(ONE, [48, 20]))).toEqual(keys(ONE, 48, 49));
      expect(await found(0, 50, within(ONE, [100, 20]))).toEqual([]);
    });

    test('what is committed is found by the next search, in whatever order ranges are filled', async () => {
      await put(ONE, [
        [100, 50],
        [101, 51],
      ]);
      expect(await found(0, 5, whole(ONE))).toEqual(keys(ONE, 100, 101));
      await put(ONE, [[200, 70]]);
      await put(ONE, [[7, 5]]);
      await put(ONE, [[150, 60]]);
      await put(ONE, [[8, 6]]);
      await put(ONE, [[300, 90]]);
      expect(await found(0, 9, whole(ONE))).toEqual(keys(ONE, 7, 8, 100, 101, 150, 200, 300));
      expect(await found(0, 9, within(ONE, [8, 143]))).toEqual(keys(ONE, 8, 100, 101, 150));
    });

    test('what another connection commits is found as well', async () => {
      await put(ONE, [[0, 30]]);
      expect(await found(0, 5, whole(ONE))).toEqual(keys(ONE, 0));
      const second = await index.openSecondWriter();
      await put(ONE, [[10, 0]], second);
      await put(ONE, [[1, 20]]);
      expect(await found(0, 5, whole(ONE))).toEqual(keys(ONE, 10, 1, 0));
    });

    test('what was rolled back is not found', async () => {
      await put(ONE, [[0, 30]]);
      const failing = index.transaction(async (tx) => {
        await index.writer.put(tx, [{ key: chunkKey(ONE, 1), vector: atAngle(0) }]);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await found(0, 5, whole(ONE))).toEqual(keys(ONE, 0));
    });

    test('a vector that is stored again replaces the old one', async () => {
      await put(ONE, [
        [0, 0],
        [1, 45],
        [2, 90],
      ]);
      expect(await found(0, 1, whole(ONE))).toEqual(keys(ONE, 0));
      await put(ONE, [[0, 85]]);
      expect(await found(0, 3, whole(ONE))).toEqual(keys(ONE, 1, 0, 2));
      // after other ranges came in out of order, too
      await put(ONE, [[50, 60]]);
      await put(ONE, [[20, 61]]);
      await put(ONE, [[50, 2]]);
      expect(await found(0, 9, whole(ONE))).toEqual(keys(ONE, 50, 1, 20, 0, 2));
    });

    test('a range with a tombstone is not found, loaded before or after it was written', async () => {
      await put(
        ONE,
        Array.from({ length: 20 }, (_, ordinal) => [ordinal, ordinal] as const),
      );
      expect(await found(0, 1, whole(ONE))).toEqual(keys(ONE, 0));
      await index.tombstone(ONE, 0, 10);
      await index.tombstone(ONE, 12, 7);
      expect(await found(0, 20, whole(ONE))).toEqual(keys(ONE, 10, 11, 19));
      expect(await found(0, 20, within(ONE, [5, 7]))).toEqual(keys(ONE, 10, 11));
      const later = index.openReader(DIMENSIONS);
      const hits = await later.search(atAngle(0), 20, whole(ONE));
      expect(hits.map(({ key }) => key)).toEqual(keys(ONE, 10, 11, 19));
      await later.close();
    });

    test('a vector that arrives after the tombstone of its range stays unseen', async () => {
      await put(ONE, [
        [0, 0],
        [5, 50],
      ]);
      expect(await found(0, 9, whole(ONE))).toEqual(keys(ONE, 0, 5));
      await index.tombstone(ONE, 0, 3);
      expect(await found(0, 9, whole(ONE))).toEqual(keys(ONE, 5));
      await put(ONE, [
        [0, 1],
        [1, 2],
      ]);
      expect(await found(0, 9, whole(ONE))).toEqual(keys(ONE, 5));
    });

    test('a range that is removed leaves room for what comes behind it', async () => {
      await put(
        ONE,
        Array.from({ length: 300 }, (_, ordinal) => [ordinal, ordinal / 4] as const),
      );
      expect(await found(0, 2, whole(ONE))).toEqual(keys(ONE, 0, 1));
      await index.transaction((tx) => index.writer.removeRange(tx, ONE, 0, 200));
      expect(await found(0, 3, whole(ONE))).toEqual(keys(ONE, 200, 201, 202));
    });

    test('a removed collection is empty and leaves the others alone', async () => {
      await put(ONE, [[0, 0]]);
      await put(OTHER, [[0, 5]]);
      expect(await found(0, 5, whole(ONE, OTHER))).toHaveLength(2);
      await index.transaction((tx) => index.writer.removeCollection(tx, ONE));
      expect(await found(0, 5, whole(ONE, OTHER))).toEqual(keys(OTHER, 0));
      await put(OTHER, [[1, 1]]);
      expect(await found(0, 5, whole(ONE, OTHER))).toEqual(keys(OTHER, 1, 0));
    });

    test('single keys are scored in the order asked for, and missing ones are undefined', async () => {
      await put(ONE, [
        [0, 0],
        [1, 60],
      ]);
      const scores = await reader.score(atAngle(0), keys(ONE, 1, 7, 0));
      expect(scores[0]).toBeCloseTo(0.5, 5);
      expect(scores[1]).toBeUndefined();
      expect(scores[2]).toBeCloseTo(1, 5);
    });

    test('a vector of another length is refused', async () => {
      await put(ONE, [[0, 0]]);
      await expect(reader.search(new Float32Array(4), 1, whole(ONE))).rejects.toMatchObject({
        code: 'INDEX_MISMATCH',
      });
      const wider = index.openReader(DIMENSIONS * 2);
      await expect(wider.search(new Float32Array(DIMENSIONS * 2), 1, whole(ONE))).rejects.toMatchObject({
        code: 'INDEX_MISMATCH',
      });
      await wider.close();
    });
  });
}
