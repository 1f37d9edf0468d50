import { workerData } from 'node:worker_threads';
import { createEmbedHandlers, type EmbedThreadData } from '../drivers/embedder/embed-handlers.ts';
import { serve } from './rpc.ts';

/** One session of the bundled model, for questions or for passages. */
const { handlers, close } = createEmbedHandlers(workerData as EmbedThreadData);
serve(handlers, close);
