import { createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../config.ts';
import { exportUser } from '../export/export-user.ts';
import { zipStream } from '../export/zip-stream.ts';
import { noteAudit } from '../records/audit.ts';
import { openRecords, prepareRecords } from '../records/open-records.ts';
import { findUserByEmail } from '../records/users.ts';
import { openFileStore } from '../threads/open-file-store.ts';

/** `ka export`: one user's own data as a zip file, readable by its owner alone. */
export async function exportAccount(config: Config, email: string, file: string): Promise<void> {
  const { database, dataDir } = config;
  if (database.kind === 'sqlite' && !existsSync(database.path))
    throw new Error(`There is no installation in ${dataDir}: start it once, or set DATA_DIR.`);
  const path = resolve(file);
  if (existsSync(path)) throw new Error(`${file} is there already: name a new file.`);
  await prepareRecords(database);
  const { db, close } = await openRecords(database);
  const files = await openFileStore(config.storage);
  const partial = `${path}.partial`;
  try {
    const user = await findUserByEmail(db, email.trim().toLowerCase());
    if (user === undefined) throw new Error(`There is no user ${email}: see the spelling.`);
    await noteAudit(db, { action: 'user.exported', target: user.id, detail: 'ka export' });
    await rm(partial, { force: true });
    await pipeline(
      Readable.from(zipStream(exportUser({ db, files }, user.id)), { objectMode: false }),
      createWriteStream(partial, { flags: 'wx', mode: 0o600 }),
    );
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    files.close();
    await close();
  }
}
