/** Work that several callers ask for at once is done once; it is aborted when the last of them has gone. */
export interface SingleFlight<T> {
  run(key: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, { result: Promise<T>; controller: AbortController; waiting: number }>();
  return {
    async run(key, work, signal) {
      signal.throwIfAborted();
      let flight = flights.get(key);
      if (flight === undefined) {
        const controller = new AbortController();
        const result = work(controller.signal).finally(() => {
          // one that was left may end after another for the same key began
          if (flights.get(key)?.controller === controller) flights.delete(key);
        });
        flight = { result, controller, waiting: 0 };
        flights.set(key, flight);
      }
      const joined = flight;
      joined.waiting++;
      const { promise, reject } = Promise.withResolvers<never>();
      promise.catch(() => {});
      const leave = () => {
        if (--joined.waiting === 0) {
          if (flights.get(key) === joined) flights.delete(key);
          joined.controller.abort();
        }
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await Promise.race([joined.result, promise]);
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
  };
}
