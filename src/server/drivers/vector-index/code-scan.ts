import { type ChunkKey, chunkKey } from '../../ports/search-scope.ts';
import { compileKernel, instantiateKernel } from './kernel.ts';
import type { LoadedCollection } from './loaded-collection.ts';
import { createLoadedCollections, type LoadedCollections } from './loaded-collections.ts';
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

export interface CodeScanOptions {
  readonly dimensions: number;
  /** Codes beyond this are dropped, the collection that was searched longest ago first. */
  readonly memoryLimitBytes: number;
  /** From so many rows on a second thread takes part: below, waking it costs more than it brings. */
  readonly helperFromRows?: number;
  readonly helperIdleMs?: number;
  readonly kernel?: 'relaxed' | 'plain';
}

/** What is scanned: a collection, whole or by ranges (first ordinal and count, in turn; ascending, disjoint). */
export interface ScanPart {
  readonly collection: LoadedCollection;
  readonly ranges: Uint32Array | undefined;
}

/** Codes in memory, and the scan over them; where they come from is the callers' part. */
export interface CodeScan {
  readonly loaded: LoadedCollections;
  /** Keys of the best `wanted` rows by code, best first. Asks for one part after the other. */
  scan(vector: Float32Array, wanted: number, parts: Iterable<ScanPart>): ChunkKey[];
  helpedScans(): number;
  close(): Promise<void>;
}

/** Recall@10 is 1.0 from 20 candidates on (200 queries on 1 M rows); more are kept for larger k. */
export const candidatesFor = (k: number): number =>
  Math.min(MOST_CANDIDATES, Math.max(40, Math.ceil(k * 1.25)));

export function createCodeScan({
  dimensions,
  memoryLimitBytes,
  helperFromRows = 20_000,
  helperIdleMs = 30_000,
  kernel: prefer = 'relaxed',
}: CodeScanOptions): CodeScan {
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
  const loaded = createLoadedCollections({ slabs, stride, memoryLimitBytes });
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

  function scan(vector: Float32Array, wanted: number, parts: Iterable<ScanPart>): ChunkKey[] {
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
    for (const { collection, ranges } of parts) {
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

  return { loaded, scan, helpedScans: () => helpedScans, close: () => helper.close() };
}
