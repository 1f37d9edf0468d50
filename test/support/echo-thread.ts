import { serve } from '../../src/server/threads/rpc.ts';

serve({
  /** Answers after a turn of its event loop. */
  later: (text: string) => new Promise<string>((resolve) => setImmediate(resolve, text)),
});
