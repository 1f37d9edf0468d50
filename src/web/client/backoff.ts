/** Waiting longer than this is for the person to decide. */
const MAX_WAIT_MS = 30_000;
const FIRST_WAIT_MS = 400;

/** Exponential with full jitter, so that many clients do not come back at once; the server's own wish goes first. */
export function waitBeforeRetryMs(
  attempt: number,
  retryAfterMs?: number,
  random = Math.random,
): number | undefined {
  if (retryAfterMs !== undefined)
    return retryAfterMs > MAX_WAIT_MS ? undefined : retryAfterMs + random() * FIRST_WAIT_MS;
  return random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
}

export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', aborted, { once: true });
    function done() {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }
    function aborted() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
  });
}
