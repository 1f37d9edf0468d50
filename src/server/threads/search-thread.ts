import { workerData } from 'node:worker_threads';
import { createKeywordReader } from '../drivers/text-index/sqlite-reader.ts';
import { createScanIndex } from '../drivers/vector-index/scan-index.ts';
import type { ChunkKey } from '../ports/search-scope.ts';
import type { QueryTerm } from '../ports/text-index.ts';
import { openSqlite } from '../records/sqlite.ts';
import { type PackedScope, unpackScope } from './packed-scope.ts';
import { packCosines, packScores } from './packed-scores.ts';
import { serve } from './rpc.ts';
import type { SearchThreadData } from './start-search-thread.ts';

const { databasePath, dimensions, memoryLimitBytes } = workerData as SearchThreadData;
const connection = openSqlite(databasePath, { readonly: true, cacheMb: 2 });
const vectors = createScanIndex({ raw: connection.raw, dimensions, memoryLimitBytes });
const texts = createKeywordReader(connection.raw);

const handlers = {
  nearest: ({ vector, k, scope }: { vector: Float32Array; k: number; scope: PackedScope }) =>
    packScores(vectors.search(vector, k, scope)),
  cosines: ({ vector, keys }: { vector: Float32Array; keys: Float64Array }) =>
    packCosines(vectors.score(vector, Array.from(keys) as ChunkKey[])),
  keywords: ({ terms, k, scope }: { terms: readonly QueryTerm[]; k: number; scope: PackedScope }) =>
    packScores(texts.search(terms, k, unpackScope(scope))),
  limitTo: (share: number) => vectors.limitTo(share),
  stats: (_: undefined) => vectors.stats(),
};
export type SearchThreadHandlers = typeof handlers;

serve(handlers, async () => {
  await vectors.close();
  await connection.close();
});
