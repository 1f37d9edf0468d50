import { setPriority } from 'node:os';
import { setImmediate as afterMessages } from 'node:timers/promises';
import { Moved } from '../../threads/rpc.ts';
import { type ModelSession, openSession } from './bundled-session.ts';
import { openModelFolder, verifyModel } from './model-folder.ts';

/** What an embedding thread is started with. */
export interface EmbedThreadData {
  readonly modelDir: string;
  /** 0 or, for work that must give way, up to 19. */
  readonly niceness: number;
}

export type EmbedHandlers = ReturnType<typeof createEmbedHandlers>['handlers'];

/**
 * The calls that an embedding thread serves. The model is opened by the first of them; when that fails the
 * next call tries again, so that a model built meanwhile is found.
 */
export function createEmbedHandlers({ modelDir, niceness }: EmbedThreadData) {
  let opening: Promise<ModelSession> | undefined;
  const open = async (): Promise<ModelSession> => {
    const folder = openModelFolder(modelDir);
    verifyModel(folder);
    const session = await openSession(folder);
    // Only now: the model's runtime starts a thread for the whole process, which would inherit it. On Linux a
    // priority belongs to the thread that asks; elsewhere this would slow the whole process.
    if (niceness > 0 && process.platform === 'linux') setPriority(0, niceness);
    return session;
  };
  const session = (): Promise<ModelSession> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    handlers: {
      async warmUp(_: undefined): Promise<void> {
        await (await session()).embed('');
      },
      /** One vector a text, in order; looks for an abort before each. */
      async embed(texts: readonly string[], signal: AbortSignal): Promise<Moved<Float32Array[]>> {
        const model = await session();
        const vectors: Float32Array[] = [];
        for (const text of texts) {
          await afterMessages();
          signal.throwIfAborted();
          vectors.push(await model.embed(text));
        }
        return new Moved(
          vectors,
          vectors.map(({ buffer }) => buffer as ArrayBuffer),
        );
      },
    },
    close: async (): Promise<void> => (await opening?.catch(() => undefined))?.close(),
  };
}
