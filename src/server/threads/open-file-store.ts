import { createDiskFileStore } from '../drivers/file-store/disk.ts';
import type { FileStore } from '../ports/file-store.ts';
import type { StorageConfig } from '../storage-config.ts';

/** The code of an object store's client is loaded with its first call. */
export async function openFileStore(storage: StorageConfig): Promise<FileStore> {
  if (storage.kind === 'disk') return createDiskFileStore({ dir: storage.dir });
  const { createS3FileStore } = await import('../drivers/file-store/s3.ts');
  return createS3FileStore(storage);
}
