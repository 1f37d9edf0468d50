import { access } from 'node:fs/promises';
import { AppError } from '../../errors.ts';
import type { Originals } from '../../ports/file-store.ts';

/** Files that stay where their owner keeps them: a key is their absolute path, and nothing is ever removed. */
export function createFilesInPlace(): Originals {
  return {
    async local(key) {
      await access(key).catch((cause: unknown) => {
        throw new AppError('FILE_MISSING', 'The file is no longer where it was.', { cause });
      });
      return { path: key, release: async () => {} };
    },
    remove: async () => {},
    sweep: async () => 0,
  };
}
