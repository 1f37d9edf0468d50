import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { restoreBackup } from '../backup/restore-backup.ts';
import type { Config } from '../config.ts';
import { openFileStore } from '../threads/open-file-store.ts';
import { createVectorRestore } from './vector-snapshot.ts';

/** `ka restore`: into the empty installation that the settings name. */
export async function restore(config: Config, file: string, asJson: boolean): Promise<void> {
  if (file !== '-')
    await access(file).catch(() => {
      throw new Error(`There is no file ${file} that can be read.`);
    });
  const files = await openFileStore(config.storage);
  const vectors = createVectorRestore(config);
  try {
    const { manifest, contents } = await restoreBackup(
      {
        records: config.database,
        files,
        filesDir: config.storage.kind === 'disk' ? config.storage.dir : undefined,
        dataDir: config.dataDir,
        vectors,
      },
      file === '-' ? process.stdin : createReadStream(file),
    );
    const { rows, files: stored, lostFiles } = contents;
    if (asJson) {
      console.log(JSON.stringify({ manifest, rows, files: stored, lostFiles }, undefined, 2));
      return;
    }
    const { users = 0, documents = 0, chunks = 0 } = rows;
    console.log(
      `${users} users, ${documents} documents, ${chunks} passages and ${stored.count} files as of ${manifest.takenAt}; everybody signs in anew`,
    );
    for (const key of lostFiles)
      console.error(`! the stored file ${key} was lost or damaged already when the backup was made`);
  } finally {
    files.close();
    vectors?.close();
  }
}
