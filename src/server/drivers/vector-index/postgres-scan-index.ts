import { type Kysely, sql } from 'kysely';
import { otherSpace } from '../../errors.ts';
import type { Database } from '../../ports/schema.ts';
import { type ChunkKey, type ChunkScore, chunkKey, collectionNoOf } from '../../ports/search-scope.ts';
import type { VectorStats } from '../../ports/vector-index.ts';
import { isVectorSpace } from '../../ports/vector-space.ts';
import { alive, type OrdinalCount } from './alive.ts';
import { type CodeScanOptions, candidatesFor, createCodeScan, type ScanPart } from './code-scan.ts';
import type { LoadedCollection } from './loaded-collection.ts';
import { mergeRanges } from './ordinal-ranges.ts';
import type { ScanScope } from './scan-index.ts';
import { dot, needDimensions, readVector } from './vector-rows.ts';

export interface PostgresScanIndexOptions extends CodeScanOptions {
  readonly db: Kysely<Database>;
  /** The embedder's. Absent: nobody changes it. */
  readonly fingerprint?: string | undefined;
}

/** The exact scan over codes of vectors that lie in PostgreSQL. */
export interface PostgresScanIndex {
  search(vector: Float32Array, k: number, scope: ScanScope, signal?: AbortSignal): Promise<ChunkScore[]>;
  score(vector: Float32Array, keys: readonly ChunkKey[]): Promise<(number | undefined)[]>;
  /** From now on codes may take this share (0 to 1) of the limit. */
  limitTo(share: number): void;
  stats(): VectorStats;
  close(): Promise<void>;
}

/** Vectors of one statement: 1.5 MB at 384 dimensions. */
const ROWS = 1000;
const ORDINALS = 2 ** 32;

interface LogRow {
  readonly kind: 'space' | 'vectors' | 'tombstone';
  readonly id: string;
  readonly collection_no: number;
  readonly first_ordinal: string;
  readonly ordinal_count: number;
}

/**
 * Every process keeps codes of its own and reads with each search what was written since. Between two statements others
 * may write: what a search then finds and is gone is left out when it is scored, and what is visible is decided by
 * the records when hits are loaded.
 */
export function createPostgresScanIndex(options: PostgresScanIndexOptions): PostgresScanIndex {
  const { db, dimensions, fingerprint } = options;
  const inSpace = fingerprint === undefined ? sql<boolean>`true` : isVectorSpace(fingerprint);
  const codes = createCodeScan(options);
  const { loaded } = codes;
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other: codes are loaded between statements, and scanned in one memory. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  }

  /** What was written since the collections were read, and all ranges that are let go of and not purged yet. */
  async function readLogs(numbers: readonly number[]): Promise<readonly LogRow[]> {
    const seen = numbers.map((no) => loaded.get(no)?.seen.vectorLog ?? -1);
    const { rows } = await sql<LogRow>`
      with wanted as (select * from unnest(${[...numbers]}::integer[], ${seen}::bigint[]) as w (no, seen))
      select 'space' as kind, 0::bigint as id, 0 as collection_no, 0::bigint as first_ordinal, 0 as ordinal_count
      where ${inSpace}
      union all
      select 'vectors', l.id, l.collection_no, l.first_ordinal, l.ordinal_count
      from wanted join vector_log l on l.collection_no = wanted.no and l.id > wanted.seen and wanted.seen >= 0
      union all
      select 'vectors', max(l.id), l.collection_no, 0, 0
      from wanted join vector_log l on l.collection_no = wanted.no where wanted.seen < 0 group by l.collection_no
      union all
      select 'tombstone', t.id, t.collection_no, t.first_ordinal, t.ordinal_count
      from wanted join tombstones t on t.collection_no = wanted.no and t.purged = 0`.execute(db);
    if (!rows.some(({ kind }) => kind === 'space')) throw otherSpace();
    return rows;
  }

  async function visit(
    no: number,
    [first, count]: OrdinalCount,
    put: (ordinal: number, vector: Float32Array) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const base = chunkKey(no, 0);
    const end = base + first + count;
    for (let from = base + first; from < end; ) {
      signal?.throwIfAborted();
      const rows = await db
        .selectFrom('vectors')
        .selectAll()
        .where('key', '>=', from)
        .where('key', '<', end)
        .where(inSpace)
        .orderBy('key')
        .limit(ROWS)
        .execute();
      for (const { key, data } of rows) put(Number(key) - base, readVector(data, dimensions));
      if (rows.length < ROWS) return;
      from = Number(rows.at(-1)?.key) + 1;
    }
  }

  async function load(
    no: number,
    released: readonly OrdinalCount[],
    signal?: AbortSignal,
  ): Promise<LoadedCollection> {
    const collection = loaded.empty(no);
    const isAlive = alive(released);
    try {
      await visit(no, [0, ORDINALS], (at, vector) => isAlive(at) && collection.put(at, vector), signal);
      return collection;
    } catch (error) {
      collection.free();
      throw error;
    }
  }

  /** The collections of a scope as they are now. */
  async function bringUp(
    numbers: readonly number[],
    signal?: AbortSignal,
  ): Promise<Map<number, LoadedCollection>> {
    loaded.begin(numbers);
    const byCollection = Map.groupBy(await readLogs(numbers), ({ collection_no }) => collection_no);
    const current = new Map<number, LoadedCollection>();
    for (const no of numbers) {
      const rows = byCollection.get(no) ?? [];
      const rangesOf = (kind: LogRow['kind']) =>
        rows
          .filter((row) => row.kind === kind && row.ordinal_count > 0)
          .map((row): OrdinalCount => [Number(row.first_ordinal), row.ordinal_count]);
      const released = rangesOf('tombstone');
      let collection = loaded.get(no);
      if (collection === undefined) collection = await load(no, released, signal);
      else {
        const written = rangesOf('vectors').map(([first, count]) => ({ first, end: first + count }));
        for (const { first, end } of mergeRanges(written))
          await visit(no, [first, end - first], collection.put, signal);
        for (const range of released) collection.kill(...range);
      }
      collection.seen.vectorLog = Math.max(
        collection.seen.vectorLog,
        ...rows.filter(({ kind }) => kind === 'vectors').map(({ id }) => Number(id)),
      );
      loaded.keep(collection);
      current.set(no, collection);
    }
    return current;
  }

  const scan = (vector: Float32Array, k: number, { collections }: ScanScope, signal?: AbortSignal) =>
    inTurn(async () => {
      signal?.throwIfAborted();
      const current = await bringUp(
        collections.map(({ no }) => no),
        signal,
      );
      const parts = collections.map(
        ({ no, ranges }): ScanPart => ({ collection: current.get(no) as LoadedCollection, ranges }),
      );
      return codes.scan(vector, candidatesFor(k), parts);
    });

  async function cosines(vector: Float32Array, keys: readonly ChunkKey[]): Promise<Map<ChunkKey, number>> {
    if (keys.length === 0) return new Map();
    const { rows } = await sql<{ key: string; data: Uint8Array }>`
      select key, data from vectors where key = any(${[...keys]}::bigint[]) and ${inSpace}`.execute(db);
    return new Map(rows.map(({ key, data }) => [Number(key), dot(vector, readVector(data, dimensions))]));
  }

  return {
    async search(vector, k, scope, signal) {
      needDimensions(vector, dimensions);
      if (scope.collections.length === 0 || k <= 0) return [];
      for (let again = false; ; again = true) {
        const keys = await scan(vector, k, scope, signal);
        const scores = await cosines(vector, keys);
        const gone = keys.filter((key) => !scores.has(key));
        // rows that were purged while nobody looked: their collection is read anew
        if (gone.length > 0)
          await inTurn(async () => {
            for (const key of gone) loaded.drop(collectionNoOf(key));
          });
        if (gone.length > 0 && !again) continue;
        return [...scores]
          .map(([key, score]): ChunkScore => ({ key, score }))
          .sort((a, b) => b.score - a.score || a.key - b.key)
          .slice(0, k);
      }
    },
    async score(vector, keys) {
      needDimensions(vector, dimensions);
      const scores = await cosines(vector, keys);
      return keys.map((key) => scores.get(key));
    },
    limitTo: loaded.limitTo,
    stats: loaded.stats,
    async close() {
      await turn;
      await codes.close();
    },
  };
}
