import type { ChunkKey, ChunkScore } from '../ports/search-scope.ts';
import type { QueryTerm } from '../ports/text-index.ts';
import type { VectorStats } from '../ports/vector-index.ts';
import type { Places } from './index-places.ts';
import { type PackedScope, unpackScope } from './packed-scope.ts';

/** Both indexes for reading, as the search thread serves them. */
export interface IndexReaders {
  nearest(
    vector: Float32Array,
    k: number,
    scope: PackedScope,
    signal: AbortSignal,
  ): Promise<ChunkScore[]> | ChunkScore[];
  cosines(
    vector: Float32Array,
    keys: readonly ChunkKey[],
  ): Promise<(number | undefined)[]> | (number | undefined)[];
  keywords(
    terms: readonly QueryTerm[],
    k: number,
    scope: PackedScope,
    signal: AbortSignal,
  ): Promise<ChunkScore[]> | ChunkScore[];
  /** From now on codes in memory may take this share (0 to 1) of their limit. */
  limitTo(share: number): void;
  stats(): Promise<VectorStats> | VectorStats;
  /** Where vectors are searched, for people; asks the server where there is one. */
  describe(): Promise<string>;
  close(): Promise<void>;
}

export interface ReaderOptions extends Places {
  readonly dimensions: number;
  /** Of the embedder. Absent: nobody changes it. */
  readonly fingerprint?: string | undefined;
  /** For vector codes. */
  readonly memoryLimitBytes: number;
}

/** Connections of a search thread: it reads the blocks of a few searches at a time. */
const POSTGRES_READERS = 4;

/** Opens the readers of the places. The code of the others is not loaded. */
export async function openReaders(options: ReaderOptions): Promise<IndexReaders> {
  const texts = await openTexts(options);
  const vectors = await openVectors(options, texts);
  return {
    ...vectors,
    keywords: (terms, k, scope, signal) => texts.reader.search(terms, k, unpackScope(scope), signal),
    async close() {
      await vectors.close();
      await texts.close();
    },
  };
}

const MB = 1024 * 1024;
const inMemory = ({ loadedRows, loadedBytes }: VectorStats): string =>
  `beside the records, ${loadedRows} vectors in ${Math.round(loadedBytes / MB)} MB of memory`;

type Texts = Awaited<ReturnType<typeof openTexts>>;
type Vectors = Omit<IndexReaders, 'keywords'>;

async function openTexts({ records }: ReaderOptions) {
  if (records.kind === 'sqlite') {
    const { openSqlite } = await import('../records/sqlite.ts');
    const { createKeywordReader } = await import('../drivers/text-index/sqlite-reader.ts');
    const { db, raw, close } = openSqlite(records.path, { readonly: true, cacheMb: 2 });
    return { db, raw, reader: createKeywordReader(raw), close };
  }
  const { openPostgres } = await import('../records/postgres.ts');
  const { createPostgresTextReader } = await import('../drivers/text-index/postgres-reader.ts');
  const { db, close } = openPostgres(records.url, { poolSize: POSTGRES_READERS, caFile: records.caFile });
  return { db, raw: undefined, reader: createPostgresTextReader(db), close };
}

async function openVectors(options: ReaderOptions, { db, raw }: Texts): Promise<Vectors> {
  const { dimensions, fingerprint, memoryLimitBytes, vectors = { kind: 'records' } } = options;
  if (vectors.kind === 'qdrant') {
    const { openQdrant } = await import('../drivers/vector-index/qdrant.ts');
    const { createQdrantReader } = await import('../drivers/vector-index/qdrant-reader.ts');
    const qdrant = openQdrant({ ...vectors, dimensions });
    const reader = createQdrantReader({ db, qdrant });
    return {
      nearest: (vector, k, scope, signal) => reader.search(vector, k, unpackScope(scope), signal),
      cosines: (vector, keys) => reader.score(vector, keys),
      limitTo() {},
      stats: () => reader.stats(),
      async describe() {
        const { version, points, status } = await qdrant.probe();
        return `Qdrant ${version}, ${points} vectors, ${status}`;
      },
      close: async () => qdrant.close(),
    };
  }
  if (raw === undefined) {
    const { createPostgresScanIndex } = await import('../drivers/vector-index/postgres-scan-index.ts');
    const index = createPostgresScanIndex({ db, dimensions, fingerprint, memoryLimitBytes });
    return {
      nearest: (vector, k, scope, signal) => index.search(vector, k, scope, signal),
      cosines: (vector, keys) => index.score(vector, keys),
      limitTo: index.limitTo,
      stats: () => index.stats(),
      describe: async () => inMemory(index.stats()),
      close: () => index.close(),
    };
  }
  const { createScanIndex } = await import('../drivers/vector-index/scan-index.ts');
  const index = createScanIndex({ raw, dimensions, fingerprint, memoryLimitBytes });
  return {
    nearest: (vector, k, scope) => index.search(vector, k, scope),
    cosines: (vector, keys) => index.score(vector, keys),
    limitTo: index.limitTo,
    stats: () => index.stats(),
    describe: async () => inMemory(index.stats()),
    close: () => index.close(),
  };
}
