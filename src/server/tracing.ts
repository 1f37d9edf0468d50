import type { Tracer } from './ports/tracer.ts';

/**
 * Spans for OpenTelemetry. Until `startTracing` has been called in a thread, every function here calls its work and
 * nothing else: no context is kept and nothing is loaded.
 */
let tracer: Tracer | undefined;

/** Spans of this thread are kept from now on. @returns what sends the last ones and ends it. */
export function startTracing(made: Tracer): () => Promise<void> {
  tracer = made;
  return async () => {
    tracer = undefined;
    await made.close();
  };
}

export const tracing = (): Tracer | undefined => tracer;

/** Runs `work` in a span of the span that runs now. Attributes are few and hold no text of users. */
export function span<T>(
  name: string,
  work: () => Promise<T>,
  attributes?: Readonly<Record<string, string | number>>,
): Promise<T> {
  return tracer === undefined ? work() : tracer.span(name, work, attributes);
}

/** A span for each time that the next item is waited for. */
export function spanEach<T>(name: string, items: AsyncIterable<T>): AsyncIterable<T> {
  if (tracer === undefined) return items;
  return {
    [Symbol.asyncIterator]() {
      const iterator = items[Symbol.asyncIterator]();
      return {
        next: () => span(name, () => iterator.next()),
        return: async (value) => (await iterator.return?.(value)) ?? { done: true, value },
      };
    },
  };
}

/** One span from the first item asked for to the end, however it comes. */
export function spanOver<T>(name: string, items: AsyncIterable<T>): AsyncIterable<T> {
  return tracer === undefined ? items : spanned(tracer, name, items);
}

async function* spanned<T>(by: Tracer, name: string, items: AsyncIterable<T>): AsyncGenerator<T> {
  const over = Promise.withResolvers<void>();
  by.span(name, () => over.promise).catch(() => {});
  try {
    yield* items;
  } catch (error) {
    over.reject(error);
    throw error;
  } finally {
    over.resolve();
  }
}
