import { workerData } from 'node:worker_threads';
import type { ChunkKey } from '../ports/search-scope.ts';
import type { QueryTerm } from '../ports/text-index.ts';
import { openReaders } from './open-readers.ts';
import type { PackedScope } from './packed-scope.ts';
import { packCosines, packScores } from './packed-scores.ts';
import { serve } from './rpc.ts';
import type { SearchThreadData } from './start-search-thread.ts';

const readers = await openReaders(workerData as SearchThreadData);

const handlers = {
  nearest: async (
    { vector, k, scope }: { vector: Float32Array; k: number; scope: PackedScope },
    signal: AbortSignal,
  ) => packScores(await readers.nearest(vector, k, scope, signal)),
  cosines: async ({ vector, keys }: { vector: Float32Array; keys: Float64Array }) =>
    packCosines(await readers.cosines(vector, Array.from(keys) as ChunkKey[])),
  keywords: async (
    { terms, k, scope }: { terms: readonly QueryTerm[]; k: number; scope: PackedScope },
    signal: AbortSignal,
  ) => packScores(await readers.keywords(terms, k, scope, signal)),
  limitTo: (share: number) => readers.limitTo(share),
  stats: (_: undefined) => readers.stats(),
  describe: (_: undefined) => readers.describe(),
};
export type SearchThreadHandlers = typeof handlers;

serve(handlers, () => readers.close());
