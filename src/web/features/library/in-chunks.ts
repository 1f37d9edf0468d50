import type { BulkResult } from '../../../contract/documents.ts';

/** Few enough that progress moves, many enough that requests do not cost more than the work. */
const CHUNK = 200;

/**
 * Sends many ids some at a time, one request after the other.
 *
 * @param onProgress gets how many have been sent
 * @throws what `send` throws; what went before stays done
 */
export async function inChunks(
  ids: readonly string[],
  send: (some: readonly string[]) => Promise<BulkResult>,
  onProgress: (sent: number) => void = () => undefined,
): Promise<Pick<BulkResult, 'done' | 'failed'>> {
  const all: Pick<BulkResult, 'done' | 'failed'> = { done: [], failed: [] };
  for (let from = 0; from < ids.length; from += CHUNK) {
    const { done, failed } = await send(ids.slice(from, from + CHUNK));
    all.done.push(...done);
    all.failed.push(...failed);
    onProgress(Math.min(ids.length, from + CHUNK));
  }
  return all;
}
