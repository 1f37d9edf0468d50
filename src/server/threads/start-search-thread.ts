import { UpstreamError } from '../errors.ts';
import type { TextReader } from '../ports/text-index.ts';
import type { VectorReader } from '../ports/vector-index.ts';
import type { ReaderOptions } from './open-readers.ts';
import { packScope } from './packed-scope.ts';
import { unpackCosines, unpackScores } from './packed-scores.ts';
import { siblingModule, startThread } from './rpc.ts';
import type { SearchThreadHandlers } from './search-thread.ts';

export type SearchThreadData = ReaderOptions;

export interface SearchThread {
  readonly ready: Promise<void>;
  readonly vectors: VectorReader;
  readonly texts: TextReader;
  /** Where vectors are searched, for people. */
  describe(): Promise<string>;
  /**
   * From now on codes may take this share (0 to 1) of their limit. A share that is smaller than before brings a fresh
   * thread, which loads what is searched: the memory of codes never shrinks while their thread lives.
   */
  limitTo(share: number): Promise<void>;
  /** From now on a fresh thread searches the vectors of another model. */
  moveTo(space: Pick<SearchThreadData, 'vectors' | 'dimensions' | 'fingerprint'>): Promise<void>;
  close(): Promise<void>;
}

/** Codes of this size are worth a fresh thread, whose start takes 0.2 s of a core. */
const WORTH_RENEWING_BYTES = 8 * 1024 * 1024;

/**
 * Both indexes' readers, in a thread of their own: a search never holds up a request. A thread that died is
 * started again, and the call that met its death is made once more.
 */
export function startSearchThread(
  first: SearchThreadData,
  onDeath: (error: Error) => void = () => {},
): SearchThread {
  let data = first;
  const start = () =>
    startThread<SearchThreadHandlers>(siblingModule('./search-thread', import.meta.url), {
      name: 'search',
      data,
      maxOldGenerationMb: 96,
      onDeath,
    });
  let thread = start();
  let closed = false;
  let limitShare = 1;
  let leaving: Promise<unknown> = Promise.resolve();

  const renew = () => {
    const old = thread;
    thread = start();
    // searches that run in it end there
    leaving = Promise.all([leaving, old.close()]);
  };

  const call = async <M extends keyof SearchThreadHandlers & string>(
    method: M,
    argument: Parameters<SearchThreadHandlers[M]>[0],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<SearchThreadHandlers[M]>>> => {
    const asked = thread;
    try {
      return (await asked.call(method, argument, { signal })) as Awaited<ReturnType<SearchThreadHandlers[M]>>;
    } catch (error) {
      if (!asked.isDead() || closed) throw error;
      if (thread === asked) thread = start();
      return (await thread.call(method, argument, { signal }).catch((cause: unknown) => {
        throw new UpstreamError('search', 'The search index can not be read right now.', {
          retryable: true,
          cause,
        });
      })) as Awaited<ReturnType<SearchThreadHandlers[M]>>;
    }
  };

  return {
    ready: thread.ready,
    vectors: {
      get dimensions() {
        return data.dimensions;
      },
      search: async (vector, k, scope, signal) =>
        unpackScores(await call('nearest', { vector, k, scope: packScope(scope) }, signal)),
      score: async (vector, keys) =>
        unpackCosines(await call('cosines', { vector, keys: Float64Array.from(keys) })),
      stats: () => call('stats', undefined),
      close: async () => {},
    },
    texts: {
      search: async (terms, k, scope, signal) =>
        unpackScores(await call('keywords', { terms, k, scope: packScope(scope) }, signal)),
      close: async () => {},
    },
    describe: () => call('describe', undefined),
    async limitTo(share) {
      const before = limitShare;
      limitShare = share;
      const { loadedBytes } = await call('stats', undefined);
      if (closed) return;
      if (share < before && loadedBytes >= WORTH_RENEWING_BYTES) renew();
      await call('limitTo', share);
    },
    async moveTo(space) {
      if (closed) return;
      data = { ...data, ...space };
      renew();
      await call('limitTo', limitShare);
    },
    async close() {
      closed = true;
      await Promise.all([thread.close(), leaving]);
    },
  };
}
