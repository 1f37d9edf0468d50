import { existsSync } from 'node:fs';
import type { Kysely } from 'kysely';
import type { Config } from '../config.ts';
import { openEmbedder } from '../drivers/embedder/open-embedder.ts';
import { createLocalEvents } from '../drivers/events/local.ts';
import { embeddingOf, fingerprintOf } from '../embedding-config.ts';
import type { FileStore } from '../ports/file-store.ts';
import type { Database } from '../ports/schema.ts';
import { installationId } from '../records/kept-settings.ts';
import { openRecords, prepareRecords } from '../records/open-records.ts';
import { readVectorSpace } from '../records/vector-space.ts';
import type { VectorsPlace } from '../threads/index-places.ts';
import { openFileStore } from '../threads/open-file-store.ts';
import { openWriters, queueOf } from '../threads/open-writers.ts';
import { checkInstallation, type InstallationCheck } from '../upkeep/check-installation.ts';
import { mendInstallation } from '../upkeep/mend-installation.ts';
import type { Range } from '../upkeep/store-fault.ts';
import { modelDir } from '../version.ts';

export interface DeepDoctorOptions {
  readonly json: boolean;
  /** Does what can be done about the faults, and looks once more. */
  readonly mend: boolean;
}

/** `ka doctor --deep`: holds every store against the records. @returns the exit code: 1 when something is wrong. */
export async function deepDoctor(config: Config, { json, mend }: DeepDoctorOptions): Promise<number> {
  const { database } = config;
  if (database.kind === 'sqlite' && !existsSync(database.path))
    throw new Error(`There is no installation in ${config.dataDir}: start it once, or set DATA_DIR.`);
  await prepareRecords(database);
  const { db, close } = await openRecords(database);
  const files = await openFileStore(config.storage);
  const space = (await readVectorSpace(db)) ?? fingerprintOf(config.embedding);
  const embedder = await openEmbedder(embeddingOf(space, config.embedding), modelDir);
  const { dimensions, fingerprint } = embedder;
  const vectors: VectorsPlace =
    config.vectors.kind === 'qdrant'
      ? { ...config.vectors, prefix: `ka-${await installationId(db)}`, fingerprint }
      : config.vectors;
  const server = await openVectorServer(vectors, dimensions, db);
  try {
    const check = () =>
      checkInstallation({ records: database, db, files, vectorServer: server?.differences });
    let found = await check();
    if (mend && found.faults.length > 0) {
      if (!json) console.log(`${linesOf(found)}\n\nMending; then there is left:\n`);
      await mendAll({ config, vectors, dimensions, files }, found, server?.sync);
      found = await check();
    }
    console.log(json ? JSON.stringify(asData(found), undefined, 2) : linesOf(found));
    return found.faults.length === 0 ? 0 : 1;
  } finally {
    await server?.close();
    await embedder.close();
    files.close();
    await close();
  }
}

/** The faults as others may read them, without what only mending needs. */
const asData = ({ checked, faults }: InstallationCheck) => ({
  checked,
  faults: faults.map(({ repair, ...fault }) => ({ ...fault, mendable: repair !== undefined })),
});

function linesOf({ checked, faults }: InstallationCheck): string {
  const { files, passages, vectors } = checked;
  const looked = `${files} files, ${passages} passages and ${vectors} vectors looked at`;
  if (faults.length === 0) return `✓ ${looked}: every store agrees with the records`;
  return [
    `✗ ${looked}`,
    ...faults.map(({ check, count, detail, examples, mend, repair }) =>
      [
        `✗ ${check} (${count}): ${detail}`,
        ...examples.map((example) => `      ${example}`),
        ...(count > examples.length ? [`      and ${count - examples.length} more`] : []),
        `    → ${repair === undefined ? mend : `ka doctor --deep --mend: ${mend}`}`,
      ].join('\n'),
    ),
  ].join('\n');
}

async function mendAll(
  places: { config: Config; vectors: VectorsPlace; dimensions: number; files: FileStore },
  { faults }: InstallationCheck,
  syncVectorServer: (() => Promise<void>) | undefined,
): Promise<void> {
  const { config, files, ...index } = places;
  const writers = await openWriters({
    ...index,
    records: config.database,
    connections: 2,
    onFault: (error) => error === undefined || console.error(`Vectors are not brought over: ${error}`),
  });
  const events = createLocalEvents({ name: 'doctor' });
  const queue = queueOf(config.database, writers.db, events);
  try {
    await mendInstallation({ ...writers, queue, files, syncVectorServer }, faults);
  } finally {
    await queue.close();
    await events.close();
    await writers.close();
  }
}

interface VectorServer {
  differences(): AsyncIterable<Range>;
  /** @throws UpstreamError */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Where vectors are searched beside the records there is nothing to compare. */
async function openVectorServer(
  place: VectorsPlace,
  dimensions: number,
  db: Kysely<Database>,
): Promise<VectorServer | undefined> {
  if (place.kind !== 'qdrant') return undefined;
  const { openQdrant } = await import('../drivers/vector-index/qdrant.ts');
  const { qdrantDifferences } = await import('../drivers/vector-index/qdrant-differences.ts');
  const { createQdrantSync, noteDifferences } = await import('../drivers/vector-index/qdrant-sync.ts');
  const qdrant = openQdrant({ ...place, dimensions });
  return {
    async *differences() {
      for await (const { no, range } of qdrantDifferences(db, qdrant, { everyKey: true }))
        yield { collectionNo: no, first: range.first, count: range.end - range.first };
    },
    async sync() {
      await qdrant.prepare();
      const sync = createQdrantSync({ db, qdrant });
      try {
        await noteDifferences(db, qdrant, { everyKey: true });
        await sync.drain();
      } finally {
        await sync.close();
      }
    },
    close: async () => qdrant.close(),
  };
}
