import type { FileStore } from '../../ports/file-store.ts';
import type { StorageConfig } from '../../storage-config.ts';
import { createDiskFileStore } from './disk.ts';
import { createS3FileStore } from './s3.ts';

/** The store that the settings name. Opens nothing yet. */
export const createFileStore = (config: StorageConfig): FileStore =>
  config.kind === 's3' ? createS3FileStore(config) : createDiskFileStore(config);
