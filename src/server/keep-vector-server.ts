import type { Kysely } from 'kysely';
import { openQdrant } from './drivers/vector-index/qdrant.ts';
import { noteAllVectors } from './drivers/vector-index/qdrant-sync.ts';
import { AppError } from './errors.ts';
import type { Log } from './log.ts';
import type { Embedder } from './ports/embedder.ts';
import type { Database } from './ports/schema.ts';
import type { VectorsPlace } from './threads/index-places.ts';

const AGAIN_MS = 5000;

/**
 * Makes the collection in Qdrant where it is missing, has an empty one filled from the records, and tries again while the server is away: until then search works
 * by words.
 *
 * @throws AppError when the collection there holds other vectors, or the server is too old: that does not heal.
 */
export async function keepVectorServer(
  place: Extract<VectorsPlace, { kind: 'qdrant' }>,
  { dimensions }: Embedder,
  db: Kysely<Database>,
  log: Log,
): Promise<{ close(): void }> {
  const qdrant = openQdrant({ ...place, dimensions });
  let timer: NodeJS.Timeout | undefined;
  let told = false;
  const prepare = async () => {
    try {
      if ((await qdrant.prepare()).empty) await noteAllVectors(db);
      qdrant.close();
      if (told) log.info('vectors are back');
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (!told) log.warn('the server of vectors is away: search works by words', { error });
      told = true;
      timer = setTimeout(
        () => void prepare().catch((fault: unknown) => log.error('vectors', { error: fault })),
        AGAIN_MS,
      ).unref();
    }
  };
  await prepare();
  return {
    close() {
      clearTimeout(timer);
      qdrant.close();
    },
  };
}
