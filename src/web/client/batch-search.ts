import type { Problem } from '../../contract/common.ts';
import type { Filters, SearchMode, SearchResult } from '../../contract/search.ts';
import { change } from './http.ts';
import { ProblemError } from './problem.ts';

export interface Search {
  readonly query: string;
  readonly limit?: number;
  readonly mode?: SearchMode;
  readonly filters?: Filters;
}

/** Fixed, not pushed back by every new search: under load a window that moves never ends. */
const WINDOW_MS = 10;
const MOST_IN_ONE = 20;

interface Waiting {
  readonly key: string;
  readonly search: Search;
  readonly callers: {
    resolve(result: SearchResult): void;
    reject(error: unknown): void;
    readonly signal: AbortSignal | undefined;
  }[];
}
let line: Waiting[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Searches that are asked for within 10 ms go out as one request, equal ones as one search. */
export function search(wanted: Search, signal?: AbortSignal): Promise<SearchResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const caller = { resolve, reject, signal };
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    const key = JSON.stringify(wanted);
    const same = line.find((waiting) => waiting.key === key);
    if (same === undefined) line.push({ key, search: wanted, callers: [caller] });
    else same.callers.push(caller);
    if (line.length >= MOST_IN_ONE) flush();
    else timer ??= setTimeout(flush, WINDOW_MS);
  });
}

function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  const batch = line
    .map((waiting) => ({
      ...waiting,
      callers: waiting.callers.filter(({ signal }) => signal?.aborted !== true),
    }))
    .filter(({ callers }) => callers.length > 0);
  line = [];
  if (batch.length > 0) void sendBatch(batch);
}

async function sendBatch(batch: readonly Waiting[]): Promise<void> {
  const stop = new AbortController();
  const everyone = batch.flatMap(({ callers }) => callers);
  const stopWhenAllLeft = () => {
    if (everyone.every(({ signal }) => signal?.aborted)) stop.abort();
  };
  for (const { signal } of everyone) signal?.addEventListener('abort', stopWhenAllLeft, { once: true });
  try {
    const { results } = await change<{ results: (SearchResult | Problem)[] }>(
      'POST',
      '/api/v1/search/batch',
      { searches: batch.map((waiting) => waiting.search) },
      { signal: stop.signal, retry: true },
    );
    for (const [i, { callers }] of batch.entries()) {
      const result = results[i];
      for (const { resolve, reject } of callers) {
        if (result === undefined) reject(new Error('The server left a search of the batch unanswered'));
        else if ('hits' in result) resolve(result);
        else reject(new ProblemError(result));
      }
    }
  } catch (error) {
    for (const { reject } of everyone) reject(error);
  }
}
