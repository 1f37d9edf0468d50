import { workerData } from 'node:worker_threads';
import type { ChunkKey } from '../ports/search-scope.ts';
import type { QueryTerm } from '../ports/text-index.ts';
import { openReaders } from './open-readers.ts';
import type { PackedScope } from './packed-scope.ts';
import { serve } from './rpc.ts';
import type { SearchThreadData } from './start-search-thread.ts';

const readers = await openReaders(workerData as SearchThreadData);

const handlers = {
  nearest: (
    { vector, k, scope }: { vector: Float32Array; k: number; scope: PackedScope },
    signal: AbortSignal,
  ) => readers.nearest(vector, k, scope, signal),
  cosines: ({ vector, keys }: { vector: Float32Array; keys: readonly ChunkKey[] }) =>
    readers.cosines(vector, keys),
  keywords: (
    { terms, k, scope }: { terms: readonly QueryTerm[]; k: number; scope: PackedScope },
    signal: AbortSignal,
  ) => readers.keywords(terms, k, scope, signal),
  limitTo: (share: number) => readers.limitTo(share),
  stats: (_: undefined) => readers.stats(),
  describe: (_: undefined) => readers.describe(),
};
export type SearchThreadHandlers = typeof handlers;

serve(handlers, () => readers.close());
