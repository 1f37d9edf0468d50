import type { IngestHandlers, IngestNote, IngestThreadData } from './ingest-thread.ts';
import { siblingModule, startThread, type Thread } from './rpc.ts';

/** A document of 10 MB takes some 110 MB of heap while it is cut and written. */
const HEAP_MB = 256;

/** Starts the thread that does the jobs. `onDeath`: it ended although nobody asked it to; its jobs' leases run out. */
export function startIngest(
  data: IngestThreadData,
  told: { onFault(note: IngestNote): void; onDeath(error: Error): void },
): Thread<IngestHandlers> {
  const thread = startThread<IngestHandlers>(siblingModule('./ingest-thread', import.meta.url), {
    name: 'ingest',
    data,
    maxOldGenerationMb: HEAP_MB,
    onDeath: told.onDeath,
  });
  thread.onNote((note) => told.onFault(note as IngestNote));
  return thread;
}
