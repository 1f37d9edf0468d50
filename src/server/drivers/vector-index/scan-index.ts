import type BetterSqlite3 from 'better-sqlite3';
import { otherSpace } from '../../errors.ts';
import { type ChunkKey, type ChunkScore, collectionNoOf, ordinalOf } from '../../ports/search-scope.ts';
import type { VectorStats } from '../../ports/vector-index.ts';
import { VECTOR_SPACE } from '../../ports/vector-space.ts';
import { type CodeScanOptions, candidatesFor, createCodeScan, type ScanPart } from './code-scan.ts';
import { createCollectionCache } from './collection-cache.ts';
import { createStoredVectors } from './stored-vectors.ts';
import { needDimensions } from './vector-rows.ts';

export interface ScanIndexOptions extends CodeScanOptions {
  /** A connection of this thread that only reads. */
  readonly raw: BetterSqlite3.Database;
  /** The embedder's. Absent: nobody changes it. */
  readonly fingerprint?: string | undefined;
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

/**
 * So many of the best candidates, and of the keys to score, get the cosine of their stored floats; those behind them
 * that of their codes: reading a vector from the database costs some ten times what reading its codes does.
 */
const EXACT_NEAREST = 40;
const EXACT_SCORES = 20;

export function createScanIndex(options: ScanIndexOptions): ScanIndex {
  const { raw, dimensions } = options;
  const codes = createCodeScan(options);
  const { loaded } = codes;
  const vectors = createStoredVectors(raw, dimensions);
  const needSpace = spaceCheck(raw, options.fingerprint);
  const collections = createCollectionCache({ raw, vectors, loaded });

  function scan(vector: Float32Array, wanted: number, scope: ScanScope): ChunkKey[] {
    collections.begin(scope.collections.map(({ no }) => no));
    const parts = scope.collections.map(
      ({ no, ranges }): ScanPart => ({ collection: collections.current(no), ranges }),
    );
    return codes.scan(vector, wanted, parts);
  }

  /** Of the codes, or of the floats where the codes are not in memory. */
  function cosineByCodes(vector: Float32Array, key: ChunkKey): number | undefined {
    return loaded.get(collectionNoOf(key))?.estimate(vector, ordinalOf(key)) ?? vectors.cosine(vector, key);
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
    for (const no of stale) loaded.drop(no);
    return stale.size === 0 ? hits : undefined;
  }

  /** One snapshot of the database for the logs, the codes and the vectors. */
  const inSnapshot = raw.transaction(<T>(work: () => T): T => work()) as <T>(work: () => T) => T;

  return {
    search(vector, k, scope) {
      needDimensions(vector, dimensions);
      return inSnapshot(() => {
        needSpace();
        const attempt = () => rescore(vector, scan(vector, candidatesFor(k), scope));
        // what is read within this snapshot is there when it is rescored
        const hits = attempt() ?? attempt() ?? [];
        return hits.sort((a, b) => b.score - a.score || a.key - b.key).slice(0, k);
      });
    },
    score(vector, keys) {
      needDimensions(vector, dimensions);
      return inSnapshot(() => {
        needSpace();
        return keys.map((key, i) =>
          i < EXACT_SCORES ? vectors.cosine(vector, key) : cosineByCodes(vector, key),
        );
      });
    },
    limitTo: loaded.limitTo,
    stats: () => ({ ...loaded.stats(), helpedScans: codes.helpedScans() }),
    close: () => codes.close(),
  };
}

/** @returns what throws UpstreamError where the vectors are another embedder's. */
function spaceCheck(raw: BetterSqlite3.Database, fingerprint: string | undefined): () => void {
  if (fingerprint === undefined) return () => {};
  const space = raw.prepare<[string], string>('select value from settings where name = ?').pluck();
  return () => {
    if ((space.get(VECTOR_SPACE) ?? fingerprint) !== fingerprint) throw otherSpace();
  };
}
