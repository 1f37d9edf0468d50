import type BetterSqlite3 from 'better-sqlite3';
import { AppError } from '../../errors.ts';
import { type ChunkKey, type ChunkScore, chunkKey, collectionNoOf } from '../../ports/search-scope.ts';
import type { VectorStats } from '../../ports/vector-index.ts';
import { compileKernel, instantiateKernel } from './kernel.ts';
import { createLoadedCollection, type LoadedCollection } from './loaded-collection.ts';
import { quantizeQuery, strideOf } from './quantize.ts';
import { createScanHelper } from './scan-helper.ts';
import { scanSegments } from './scan-segments.ts';
import {
  CONTROL,
  CONTROL_WORDS,
  foundAt,
  MOST_CANDIDATES,
  MOST_SEGMENTS,
  MOST_STRIDE,
  QUERY_AT,
  SEGMENT_WORDS,
  SEGMENTS_AT,
} from './shared-layout.ts';
import { createSlabMemory } from './slab-memory.ts';

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
  score(vector: Float32Array, keys: readonly ChunkKey[]): (number | undefined)[];
  stats(): ScanStats;
  close(): Promise<void>;
}

/** A row of either log: id, first ordinal, how many. */
type Range = [id: number, first: number, count: number];
const endOf = ([, first, count]: Range): number => first + count;

/** Recall@10 is 1.0 from 20 candidates on (200 queries on 1 M rows); more are kept for larger k. */
const candidatesFor = (k: number): number => Math.min(MOST_CANDIDATES, Math.max(40, Math.ceil(k * 1.25)));
/** A collection with more dead rows than this is loaded anew. */
const MOST_WASTE = 0.5;

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
  /** In order of use: the first was searched longest ago. */
  const loaded = new Map<number, LoadedCollection>();

  const range = 'from vectors where key >= ? and key < ? order by key';
  const selectVectors = raw.prepare<[number, number], [number, Buffer]>(`select key, data ${range}`).raw();
  const selectVector = raw.prepare<[number], Buffer>('select data from vectors where key = ?').pluck();
  const selectLog = raw
    .prepare<[number, number], Range>(
      'select id, first_ordinal, ordinal_count from vector_log where collection_no = ? and id > ? order by id',
    )
    .raw();
  const selectTombstones = raw
    .prepare<[number, number], Range>(
      'select id, first_ordinal, ordinal_count from tombstones where collection_no = ? and id > ? order by id',
    )
    .raw();
  const selectUnpurged = raw
    .prepare<[number], Range>(
      'select id, first_ordinal, ordinal_count from tombstones where collection_no = ? and purged = 0',
    )
    .raw();
  const lastLog = raw.prepare<[], number | null>('select max(id) from vector_log').pluck();
  const lastTombstone = raw.prepare<[], number | null>('select max(id) from tombstones').pluck();
  let helpedScans = 0;
  const newest = { vectorLog: -1, tombstones: -1 };

  function readVector(data: Buffer): Float32Array {
    if (data.byteLength !== dimensions * 4) {
      throw new AppError(
        'INDEX_MISMATCH',
        `The stored vectors have ${data.byteLength / 4} dimensions, the embedding model makes ${dimensions}: re-index with the new model.`,
      );
    }
    if (data.byteOffset % 4 === 0) return new Float32Array(data.buffer, data.byteOffset, dimensions);
    return new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  }

  function load(no: number): LoadedCollection {
    const collection = createLoadedCollection(no, { ...slabs, take: () => takeSlab(no) }, stride);
    const dead = selectTombstones.all(no, 0).sort(([, a], [, b]) => a - b);
    let next = 0;
    try {
      // rows of a released range stay in the table until they are purged: they take no memory here
      putRange(collection, 0, 2 ** 32, (ordinal) => {
        while (next < dead.length && endOf(dead[next] as Range) <= ordinal) next++;
        return next < dead.length && (dead[next] as Range)[1] <= ordinal;
      });
    } catch (error) {
      collection.free();
      throw error;
    }
    collection.seen.vectorLog = newest.vectorLog;
    collection.seen.tombstones = newest.tombstones;
    return collection;
  }

  function putRange(
    collection: LoadedCollection,
    first: number,
    count: number,
    skips: (ordinal: number) => boolean = () => false,
  ): void {
    const from = chunkKey(collection.no, first);
    const base = chunkKey(collection.no, 0);
    for (const [key, data] of selectVectors.iterate(from, from + count)) {
      if (skips(key - base)) continue;
      collection.put(key - base, readVector(data));
    }
  }

  function killNew(collection: LoadedCollection): void {
    for (const [, first, count] of selectTombstones.all(collection.no, collection.seen.tombstones))
      collection.kill(first, count);
    collection.seen.tombstones = newest.tombstones;
  }

  function drop(no: number): void {
    loaded.get(no)?.free();
    loaded.delete(no);
  }

  /** Collections in use stay, even above the limit: a scope must be searched whole. */
  const inUse = new Set<number>();
  function takeSlab(forNo: number): number {
    for (const no of [...loaded.keys()]) {
      if (slabs.usedBytes() + slabs.slabBytes <= memoryLimitBytes) break;
      if (no === forNo || inUse.has(no)) continue;
      drop(no);
    }
    return slabs.take();
  }

  /** The collection as of the open read transaction. */
  function current(no: number): LoadedCollection {
    let collection = loaded.get(no);
    if (collection !== undefined && collection.waste() > MOST_WASTE) {
      drop(no);
      collection = undefined;
    }
    if (collection === undefined) collection = load(no);
    else {
      if (collection.seen.tombstones !== newest.tombstones) killNew(collection);
      if (collection.seen.vectorLog !== newest.vectorLog) {
        // a range may hold vectors that a later log entry names again: the last state is read either way
        for (const [, first, count] of selectLog.all(no, collection.seen.vectorLog))
          putRange(collection, first, count);
        collection.seen.vectorLog = newest.vectorLog;
        // a vector may have come after its range was released, but not after the range was purged
        for (const [, first, count] of selectUnpurged.all(no)) collection.kill(first, count);
      }
    }
    loaded.delete(no);
    loaded.set(no, collection);
    return collection;
  }

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
      const rows = new Uint32Array(slabs.memory.buffer, foundAt(which) + MOST_CANDIDATES * 4, found);
      return Array.from(scores, (score, i) => ({ score, row: rows[i] as number }));
    });
  }

  /** Keys of the best rows by code, best first. */
  function scan(vector: Float32Array, wanted: number, scope: ScanScope): ChunkKey[] {
    inUse.clear();
    for (const { no } of scope.collections) inUse.add(no);
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
      const collection = current(no);
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

  /** The candidates' cosines, or undefined when a row was removed without a tombstone: its collection is then read anew at its next use. */
  function rescore(vector: Float32Array, keys: readonly ChunkKey[]): ChunkScore[] | undefined {
    const hits: ChunkScore[] = [];
    const stale = new Set<number>();
    for (const key of [...keys].sort((a, b) => a - b)) {
      const score = cosine(vector, key);
      if (score === undefined) stale.add(collectionNoOf(key));
      else hits.push({ key, score });
    }
    for (const no of stale) drop(no);
    return stale.size === 0 ? hits : undefined;
  }

  function cosine(vector: Float32Array, key: ChunkKey): number | undefined {
    const data = selectVector.get(key);
    return data === undefined ? undefined : dot(vector, readVector(data));
  }

  function needDimensions(vector: Float32Array): void {
    if (vector.length !== dimensions)
      throw new AppError(
        'INDEX_MISMATCH',
        `The question's vector has ${vector.length} dimensions, the index ${dimensions}.`,
      );
  }

  /** One snapshot of the database for the logs, the codes and the vectors. */
  const inSnapshot = raw.transaction(<T>(work: () => T): T => {
    newest.vectorLog = lastLog.get() ?? 0;
    newest.tombstones = lastTombstone.get() ?? 0;
    return work();
  }) as <T>(work: () => T) => T;

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
      return inSnapshot(() => keys.map((key) => cosine(vector, key)));
    },
    stats: () => ({
      loadedCollections: loaded.size,
      loadedRows: [...loaded.values()].reduce((sum, collection) => sum + collection.rows(), 0),
      loadedBytes: slabs.usedBytes(),
      helpedScans,
    }),
    close: () => helper.close(),
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
