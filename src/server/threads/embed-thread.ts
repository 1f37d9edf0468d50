import { setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { createEmbedHandlers, type EmbedThreadData } from '../drivers/embedder/embed-handlers.ts';
import { serve } from './rpc.ts';

/** One session of the bundled model, for questions or for passages. */
const { modelDir, niceness } = workerData as EmbedThreadData;
// on Linux a priority belongs to the thread that asks; elsewhere it would slow the whole process
if (niceness > 0 && process.platform === 'linux') setPriority(0, niceness);
const { handlers, close } = createEmbedHandlers(modelDir);
serve(handlers, close);
