/** Streams that several callers ask for at once are made once; whoever comes later gets what was so far at once. */
export interface SharedStreams<T> {
  /**
   * Work goes on at its own pace whoever listens, and is aborted when the last listener has gone.
   * @throws what the work throws, after all that came before.
   */
  join(key: string, work: (signal: AbortSignal) => AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;
}

interface Stream<T> {
  readonly items: T[];
  readonly controller: AbortController;
  listeners: number;
  ended: { readonly error?: unknown } | undefined;
  /** Resolved and replaced with each item and at the end. */
  news: PromiseWithResolvers<void>;
}

export function createSharedStreams<T>(): SharedStreams<T> {
  const streams = new Map<string, Stream<T>>();

  function begin(key: string, work: (signal: AbortSignal) => AsyncIterable<T>): Stream<T> {
    const stream: Stream<T> = {
      items: [],
      controller: new AbortController(),
      listeners: 0,
      ended: undefined,
      news: Promise.withResolvers(),
    };
    streams.set(key, stream);
    const tell = () => {
      stream.news.resolve();
      stream.news = Promise.withResolvers();
    };
    const end = (ended: { readonly error?: unknown }) => {
      // one that was left may end after another for the same key began
      if (streams.get(key) === stream) streams.delete(key);
      stream.ended = ended;
      tell();
    };
    void (async () => {
      try {
        for await (const item of work(stream.controller.signal)) {
          stream.items.push(item);
          tell();
        }
        end({});
      } catch (error) {
        end({ error });
      }
    })();
    return stream;
  }

  return {
    async *join(key, work, signal) {
      signal.throwIfAborted();
      const stream = streams.get(key) ?? begin(key, work);
      stream.listeners++;
      const gone = Promise.withResolvers<void>();
      const leave = () => gone.resolve();
      signal.addEventListener('abort', leave, { once: true });
      try {
        for (let at = 0; ; ) {
          signal.throwIfAborted();
          const { news, ended } = stream;
          while (at < stream.items.length) yield stream.items[at++] as T;
          if (at < stream.items.length || stream.news !== news) continue;
          if (ended !== undefined) {
            if ('error' in ended) throw ended.error;
            return;
          }
          await Promise.race([news.promise, gone.promise]);
        }
      } finally {
        signal.removeEventListener('abort', leave);
        if (--stream.listeners === 0 && stream.ended === undefined) {
          if (streams.get(key) === stream) streams.delete(key);
          stream.controller.abort(signal.reason);
        }
      }
    },
  };
}
