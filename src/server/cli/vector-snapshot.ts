import type { Readable } from 'node:stream';
import type { Kysely } from 'kysely';
import type { RestoredVectors } from '../backup/restore-backup.ts';
import type { Config } from '../config.ts';
import type { Qdrant } from '../drivers/vector-index/qdrant.ts';
import type { Database } from '../ports/schema.ts';
import { installationId } from '../records/kept-settings.ts';
import { openServing } from '../vector-spaces.ts';
import { modelDir } from '../version.ts';

/** The collection of the vectors that are searched. */
async function openCollection({ vectors, embedding }: Config, db: Kysely<Database>): Promise<Qdrant> {
  if (vectors.kind !== 'qdrant') throw new Error('VECTOR_URL is not set');
  const { openQdrant } = await import('../drivers/vector-index/qdrant.ts');
  const embedder = await openServing(db, embedding, modelDir);
  const { fingerprint, dimensions } = embedder;
  await embedder.close();
  return openQdrant({ ...vectors, prefix: `ka-${await installationId(db)}`, fingerprint, dimensions });
}

/** Gives a copy of what Qdrant holds now, as a stream. @throws UpstreamError */
export async function snapshotVectors(
  config: Config,
  db: Kysely<Database>,
  use: (content: Readable, sizeBytes: number) => Promise<void>,
): Promise<void> {
  const qdrant = await openCollection(config, db);
  const { takeSnapshot } = await import('../drivers/vector-index/qdrant-snapshots.ts');
  try {
    await takeSnapshot(qdrant, use);
  } finally {
    qdrant.close();
  }
}

/**
 * A copy of an earlier moment goes into a collection of the restored installation's own. What the rows have besides is
 * noted among them, and brought over when the service starts.
 */
export function createVectorRestore(config: Config): RestoredVectors | undefined {
  if (config.vectors.kind !== 'qdrant') return undefined;
  let made: Qdrant | undefined;
  return {
    async load(db, content) {
      made = await openCollection(config, db);
      const { restoreSnapshot } = await import('../drivers/vector-index/qdrant-snapshots.ts');
      const { noteDifferences } = await import('../drivers/vector-index/qdrant-sync.ts');
      await made.prepare();
      await restoreSnapshot(made, content);
      // a copy of other vectors, or of a server with other settings, comes no further
      await made.prepare();
      await noteDifferences(db, made, { everyKey: true });
    },
    async discard() {
      await made?.service.call('DELETE', made.path());
    },
    close: () => made?.close(),
  };
}
