import type BetterSqlite3 from 'better-sqlite3';
import { AppError } from '../../errors.ts';
import {
  type ChunkKey,
  type ChunkScore,
  chunkKey,
  collectionNoOf,
  ordinalOf,
} from '../../ports/search-scope.ts';
import type { VectorStats } from '../../ports/vector-index.ts';
import { createCollectionCache } from './collection-cache.ts';
import { compileKernel, instantiateKernel } from './kernel.ts';
import type { LoadedCollection } from './loaded-collection.ts';
import { quantizeQuery, strideOf } from './quantize.ts';
import { createScanHelper } from './scan-helper.ts';
import { scanSegments } from './scan-segments.ts';
import {
  CONTROL,
  CONTROL_WORDS,
  foundAt,
  foundRowsAt,
  MOST_CANDIDATES,
  MOST_SEGMENTS,
  MOST_STRIDE,
  QUERY_AT,
  SEGMENT_WORDS,
  SEGMENTS_AT,
} from './shared-layout.ts';
import { createSlabMemory } from './slab-memory.ts';
import { createStoredVectors } from './stored-vectors.ts';

export interface ScanIndexOptions {
  /** A connection of this thread that only reads. */
  readonly raw: BetterSqlite3.Database;
  readonly dimensions: number;
  /** Codes beyond this are dropped, the collection that was searched longest ago first. */
  readonly memoryLimitBytes: number;
  /** From so many rows on a second thread takes part: below, waking it costs more than it brings. */
  readonly helperFromRows?: number;
  readonly helperIdleMs?: number;
  readonly kernel?: 'relaxed' | 'plain';
}

export interface ScanStats extends VectorStats {
  /** Passes over the rows in which the second thread took part. */
  readonly helpedScans: number;
}

/** What of a SearchScope the scan needs. */
export interface ScanScope {
  readonly collections: readonly {
    readonly no: number;
    /**
     * First ordinal and count, in turn, ascending and disjoint; undefined: the whole collection. Never absent, so
     * that no scope whose filter has another form is taken for one without a filter.
     */
    readonly ranges: Uint32Array | undefined;
  }[];
}

/** The exact scan, as it runs inside the search thread: every call is synchronous. */
export interface ScanIndex {
  search(vector: Float32Array, k: number, scope: ScanScope): ChunkScore[];
  /** Undefined where no vector is stored. */
  score(vector: Float32Array, keys: readonly ChunkKey[]): (number | undefined)[];
  /** From now on codes may take this share (0 to 1) of the limit; what is freed is used again, not returned. */
  limitTo(share: number): void;
  stats(): ScanStats;
  close(): Promise<void>;
}

/** Recall@10 is 1.0 from 20 candidates on (200 queries on 1 M rows); more are kept for larger k. */
const candidatesFor = (k: number): number => Math.min(MOST_CANDIDATES, Math.max(40, Math.ceil(k * 1.25)));

/**
 * So many of the best candidates, and of the keys to score, get the cosine of their stored floats; those behind them
 * that of their codes: reading a vector from the database costs some ten times what reading its codes does.
 */
const EXACT_NEAREST = 40;
const EXACT_SCORES = 20;

export function createScanIndex(options: ScanIndexOptions): ScanIndex {
  const {
    raw,
    dimensions,
    memoryLimitBytes,
    helperFromRows = 20_000,
    helperIdleMs = 30_000,
    kernel: prefer = 'relaxed',
  } = options;
  const stride = strideOf(dimensions);
  if (stride > MOST_STRIDE)
    throw new RangeError(`vectors of ${dimensions} dimensions are too long for the embedded index`);
  const slabs = createSlabMemory(stride);
  const module = compileKernel(prefer);
  const kernel = instantiateKernel(module, slabs.memory);
  // a view of a shared memory stays valid when it grows
  const segments = new Uint32Array(slabs.memory.buffer, SEGMENTS_AT, MOST_SEGMENTS * SEGMENT_WORDS);
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * 4));
  const helper = createScanHelper({ memory: slabs.memory, module, control, idleMs: helperIdleMs });
  const vectors = createStoredVectors(raw, dimensions);
  const collections = createCollectionCache({ raw, vectors, slabs, stride, memoryLimitBytes });
  let helpedScans = 0;

  interface Laid {
    readonly collection: LoadedCollection;
    /** Number of its first row in this search. */
    readonly base: number;
  }

  interface Found {
    readonly score: number;
    readonly row: number;
  }

  /** The best rows of the first `count` segments. */
  function scanPass(count: number, helped: boolean): Found[] {
    control[CONTROL.segments] = count;
    Atomics.store(control, CONTROL.next, 0);
    const helping = helped && helper.begin();
    if (helping) helpedScans++;
    const counts = [scanSegments(kernel, slabs.memory.buffer, control, 0), helping ? helper.finish() : 0];
    return counts.flatMap((found, which) => {
      const scores = new Float32Array(slabs.memory.buffer, foundAt(which), found);
      const rows = new Uint32Array(slabs.memory.buffer, foundRowsAt(which), found);
      return Array.from(scores, (score, i) => ({ score, row: rows[i] as number }));
    });
  }

  /** Keys of the best rows by code, best first. */
  function scan(vector: Float32Array, wanted: number, scope: ScanScope): ChunkKey[] {
    collections.begin(scope.collections.map(({ no }) => no));
    const { bias } = quantizeQuery(vector, new Int8Array(slabs.memory.buffer, QUERY_AT, stride));
    control[CONTROL.bias] = bias;
    control[CONTROL.stride] = stride;
    control[CONTROL.wanted] = wanted;
    const laid: Laid[] = [];
    const best: Found[] = [];
    let words = 0;
    let total = 0;
    const pass = () => {
      best.push(...scanPass(words / SEGMENT_WORDS, total >= helperFromRows));
      words = 0;
    };
    let base = 0;
    for (const { no, ranges } of scope.collections) {
      const collection = collections.current(no);
      laid.push({ collection, base });
      collection.pieces(ranges, (codes, scales, rows, firstRow) => {
        if (words === segments.length) pass();
        segments[words] = codes;
        segments[words + 1] = scales;
        segments[words + 2] = rows;
        segments[words + 3] = base + firstRow;
        words += SEGMENT_WORDS;
        total += rows;
      });
      base += collection.rows();
    }
    pass();
    best.sort((a, b) => b.score - a.score || a.row - b.row);
    return best.slice(0, wanted).map(({ row }) => {
      const { collection, base } = laid.findLast((l) => l.base <= row) as Laid;
      return chunkKey(collection.no, collection.ordinalAt(row - base));
    });
  }

  /** Of the codes, or of the floats where the codes are not in memory. */
  function cosineByCodes(vector: Float32Array, key: ChunkKey): number | undefined {
    return (
      collections.loaded(collectionNoOf(key))?.estimate(vector, ordinalOf(key)) ?? vectors.cosine(vector, key)
    );
  }

  /**
   * The candidates' cosines (best first by code), or undefined when a row was removed without a tombstone: its
   * collection is then read anew at its next use.
   */
  function rescore(vector: Float32Array, keys: readonly ChunkKey[]): ChunkScore[] | undefined {
    const hits: ChunkScore[] = [];
    const stale = new Set<number>();
    const take = (key: ChunkKey, score: number | undefined) => {
      if (score === undefined) stale.add(collectionNoOf(key));
      else hits.push({ key, score });
    };
    // in their order in the file
    for (const key of keys.slice(0, EXACT_NEAREST).sort((a, b) => a - b))
      take(key, vectors.cosine(vector, key));
    for (const key of keys.slice(EXACT_NEAREST)) take(key, cosineByCodes(vector, key));
    for (const no of stale) collections.drop(no);
    return stale.size === 0 ? hits : undefined;
  }

  function needDimensions(vector: Float32Array): void {
    if (vector.length !== dimensions)
      throw new AppError(
        'INDEX_MISMATCH',
        `The question's vector has ${vector.length} dimensions, the index ${dimensions}.`,
      );
  }

  /** One snapshot of the database for the logs, the codes and the vectors. */
  const inSnapshot = raw.transaction(<T>(work: () => T): T => work()) as <T>(work: () => T) => T;

  return {
    search(vector, k, scope) {
      needDimensions(vector);
      return inSnapshot(() => {
        const attempt = () => rescore(vector, scan(vector, candidatesFor(k), scope));
        // what is read within this snapshot is there when it is rescored
        const hits = attempt() ?? attempt() ?? [];
        return hits.sort((a, b) => b.score - a.score || a.key - b.key).slice(0, k);
      });
    },
    score(vector, keys) {
      needDimensions(vector);
      return inSnapshot(() =>
        keys.map((key, i) => (i < EXACT_SCORES ? vectors.cosine(vector, key) : cosineByCodes(vector, key))),
      );
    },
    limitTo: collections.limitTo,
    stats: () => ({ ...collections.stats(), helpedScans }),
    close: () => helper.close(),
  };
}
