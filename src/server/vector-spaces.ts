import type { Kysely } from 'kysely';
import { openEmbedder, type ReadyEmbedder } from './drivers/embedder/open-embedder.ts';
import {
  type EmbeddingConfig,
  embeddingOf,
  fingerprintOf,
  type ServedEmbedding,
} from './embedding-config.ts';
import type { Log } from './log.ts';
import type { Database } from './ports/schema.ts';
import { priceOf } from './prices.ts';
import { keepVectorSpace, readVectorSpace } from './records/vector-space.ts';

/** The model of the vectors that are searched, also when `ka reindex` changes it while this process runs. */
export interface VectorSpaces {
  /** Always the present one. */
  readonly embedder: ReadyEmbedder;
  serving(): ServedEmbedding;
  /** What a reindex would change to, where the settings name another model than the one that serves. */
  wanted(): string | undefined;
  /** Hears of each change; what serves requests has moved when it resolves. */
  onMove(listener: () => Promise<void>): void;
  /** Looks at once; otherwise every two seconds. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface VectorSpacesOptions {
  readonly db: Kysely<Database>;
  readonly configured: EmbeddingConfig;
  readonly modelDir: string;
  readonly log: Log;
}

/** Opens the model of the vectors that are searched, as a command needs it that does not outlive a change. */
export async function openServing(
  db: Kysely<Database>,
  configured: EmbeddingConfig,
  modelDir: string,
): Promise<ReadyEmbedder> {
  const space = (await readVectorSpace(db)) ?? fingerprintOf(configured);
  return openEmbedder(embeddingOf(space, configured), modelDir);
}

const LOOK_EVERY_MS = 2000;

export async function openVectorSpaces({
  db,
  configured,
  modelDir,
  log,
}: VectorSpacesOptions): Promise<VectorSpaces> {
  const wanted = fingerprintOf(configured);
  let space = await keepVectorSpace(db, wanted);
  let serving = embeddingOf(space, configured);
  const open = (embedding: ServedEmbedding) =>
    openEmbedder(embedding, modelDir, ({ kind, message }) =>
      log.warn('embedding model failed', { kind, detail: message }),
    );
  let current = await open(serving);
  const listeners: (() => Promise<void>)[] = [];
  let checking: Promise<void> = Promise.resolve();
  const tellOther = () => {
    if (space !== wanted)
      log.warn('vectors are those of another model than the settings name: run npx ka reindex', {
        space,
        wanted,
      });
  };
  const tellUnpriced = () => {
    if (serving.provider === 'bundled' || serving.provider === 'away') return;
    if (priceOf(serving.model, serving.prices) === undefined)
      log.warn('embedding model has no known price: it is counted as free, and no budget holds it back', {
        model: serving.model,
        mend: 'LLM_PRICES names its price; 0 says that it is free',
      });
  };
  tellOther();
  tellUnpriced();

  async function look(): Promise<void> {
    const found = await readVectorSpace(db);
    if (found === undefined || found === space) return;
    const next = embeddingOf(found, configured);
    const embedder = await open(next);
    const before = current;
    serving = next;
    current = embedder;
    try {
      for (const listener of listeners) await listener();
    } finally {
      await before.close();
    }
    // until everybody has moved, each look moves them again
    space = found;
    log.info('vectors are those of another model now', { space });
    tellOther();
    tellUnpriced();
  }
  const check = () => {
    checking = checking
      .then(look)
      .catch((error: unknown) => log.warn('the model of the vectors could not be looked up', { error }));
    return checking;
  };
  const timer = setInterval(() => void check(), LOOK_EVERY_MS).unref();

  return {
    embedder: {
      get fingerprint() {
        return current.fingerprint;
      },
      get dimensions() {
        return current.dimensions;
      },
      get maxTokens() {
        return current.maxTokens;
      },
      get maxTextsPerCall() {
        return current.maxTextsPerCall;
      },
      get textsPerRequest() {
        return current.textsPerRequest;
      },
      embed: (...work) => current.embed(...work),
      warmUp: () => current.warmUp(),
      check: (signal) => current.check(signal),
      close: () => current.close(),
    },
    serving: () => serving,
    wanted: () => (space === wanted ? undefined : wanted),
    onMove: (listener) => void listeners.push(listener),
    check,
    async close() {
      clearInterval(timer);
      await checking;
      await current.close();
    },
  };
}
