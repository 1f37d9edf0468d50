import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelFolder } from './model-folder.ts';
import { readWordPiece } from './wordpiece.ts';

/** One model in one thread. `embed` blocks its thread while the model runs: 4 ms for a question, 40 for a passage. */
export interface ModelSession {
  /** L2-normalized, `dimensions` long. A text beyond `maxTokens` is cut. Calls run one after another. */
  embed(text: string): Promise<Float32Array>;
  close(): Promise<void>;
}

export async function openSession(folder: ModelFolder): Promise<ModelSession> {
  const wordPiece = readWordPiece(folder.vocabularyPath);
  const session = await InferenceSession.create(folder.modelPath, {
    // one thread a session: two sessions in two threads do twice the work of one session with two
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // a pattern is kept for every length of text, and lengths differ
    enableMemPattern: false,
    enableCpuMemArena: true,
  });
  const ids = new BigInt64Array(folder.maxTokens);
  // several calls may wait: they share `ids`, so each runs to its end before the next fills it
  let last: Promise<unknown> = Promise.resolve();

  const run = async (text: string): Promise<Float32Array> => {
    const tokens = wordPiece.encode(text, folder.maxTokens);
    for (const [i, id] of tokens.entries()) ids[i] = BigInt(id);
    const input = new Tensor('int64', ids.subarray(0, tokens.length), [1, tokens.length]);
    const outputs = await session.run({ input_ids: input });
    const output = outputs['sentence_embedding'];
    if (!(output?.data instanceof Float32Array) || output.data.length !== folder.dimensions)
      throw new Error(`${folder.modelPath} gives no sentence_embedding of ${folder.dimensions} dimensions`);
    // a copy of our own can move to another thread, and the runtime's memory goes back
    const vector = output.data.slice();
    output.dispose();
    return vector;
  };

  return {
    embed(text) {
      const result = last.then(() => run(text));
      last = result.catch(() => {});
      return result;
    },
    async close() {
      await last;
      await session.release();
    },
  };
}
