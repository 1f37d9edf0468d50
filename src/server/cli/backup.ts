import { createWriteStream, existsSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { type BackedUpStores, type WrittenBackup, writeBackup } from '../backup/write-backup.ts';
import type { Config } from '../config.ts';
import { openRecords } from '../records/open-records.ts';
import { openFileStore } from '../threads/open-file-store.ts';
import { snapshotVectors } from './vector-snapshot.ts';

export interface BackupOptions {
  readonly withSecrets: boolean;
  /** Also what Qdrant holds. */
  readonly withVectors: boolean;
  readonly json: boolean;
}

/** `ka backup`: the file appears under its name when it is complete, readable by its owner alone. */
export async function backup(config: Config, file: string, options: BackupOptions): Promise<void> {
  const { database, dataDir } = config;
  if (database.kind === 'sqlite' && !existsSync(database.path))
    throw new Error(`There is no installation in ${dataDir}: start it once, or set DATA_DIR.`);
  if (options.withVectors && config.vectors.kind !== 'qdrant')
    throw new Error(
      '--with-vectors needs VECTOR_URL: without it the vectors are searched beside the records, which every backup holds.',
    );
  if (file === '-') {
    tell(await write(config, toStandardOutput(), options), file, options);
    return;
  }
  const path = resolve(file);
  if (existsSync(path)) throw new Error(`${file} is there already: name a new file.`);
  const partial = `${path}.partial`;
  await rm(partial, { force: true });
  try {
    const written = await write(config, createWriteStream(partial, { flags: 'wx', mode: 0o600 }), options);
    const whole = await open(partial, 'r+');
    await whole.sync().finally(() => whole.close());
    await rename(partial, path);
    tell(written, file, options);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Standard output is never ended: what is written to it is through when it says so. */
function toStandardOutput(): Writable {
  // whoever reads it may leave; the write that follows tells of it
  process.stdout.on('error', () => {});
  return new Writable({ write: (chunk, _encoding, done) => void process.stdout.write(chunk, done) });
}

async function write(
  config: Config,
  to: Writable,
  { withSecrets, withVectors }: BackupOptions,
): Promise<WrittenBackup> {
  // as they are: what the release before wrote is saved before this one changes it
  const { db, close } = await openRecords(config.database);
  const files = await openFileStore(config.storage);
  try {
    // one that is set in the environment is kept there
    const jwtSecret = withSecrets
      ? await readFile(join(config.dataDir, 'jwt-secret'), 'utf8').catch(() => undefined)
      : undefined;
    if (withSecrets && jwtSecret === undefined)
      console.error('! the installation keeps no secret of its own: JWT_SECRET is kept where it is set');
    const vectors: BackedUpStores['vectors'] = withVectors
      ? (use) => snapshotVectors(config, db, use)
      : undefined;
    return await writeBackup({ records: config.database, db, files, jwtSecret, vectors }, to);
  } finally {
    files.close();
    await close();
  }
}

function tell(
  { manifest, rows, files, lostFiles }: WrittenBackup,
  file: string,
  { json }: BackupOptions,
): void {
  // standard output is the backup's where it goes there
  const say = file === '-' ? console.error : console.log;
  if (json) {
    say(JSON.stringify({ manifest, rows, files, lostFiles }, undefined, 2));
    return;
  }
  const { users = 0, documents = 0, chunks = 0 } = rows;
  say(
    `${users} users, ${documents} documents, ${chunks} passages and ${files.count} files as of ${manifest.takenAt}`,
  );
  for (const key of lostFiles)
    console.error(`! the stored file ${key} is lost or damaged: see ka doctor --deep`);
}
