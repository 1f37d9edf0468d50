import { constants, createReadStream } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import type { FileStore } from '../../ports/file-store.ts';
import { type Measured, measured } from './measured.ts';
import { isKey, newKey, randomDigits, SWEEP_AGE_MS } from './stored-key.ts';

const PARTIAL = '.partial';

/**
 * Files in a directory: `ab/cd/<key>`, fanned out by the last, random digits of the key (its first digits
 * are the time and would put a day's files into one folder).
 */
export function createDiskFileStore({
  dir,
  sweepAgeMs = SWEEP_AGE_MS,
}: {
  dir: string;
  sweepAgeMs?: number;
}): FileStore {
  const folderOf = (key: string): string => {
    const random = randomDigits(key);
    return join(dir, random.slice(8, 10), random.slice(10, 12));
  };
  const pathOf = (key: string): string => join(folderOf(key), key);
  const needed = async (key: string) => {
    const path = pathOf(key);
    const found = await stat(path).catch((cause: unknown) => {
      throw new AppError('FILE_MISSING', 'The stored file is missing.', { cause });
    });
    return { path, sizeBytes: found.size };
  };

  return {
    async put(content, maxBytes, signal, key = newKey()) {
      const path = pathOf(key);
      const partial = path + PARTIAL;
      try {
        signal?.throwIfAborted();
        await mkdir(dirname(path), { recursive: true });
        // a file that is moved here with its key may have been begun before
        await rm(partial, { force: true });
        const stored = await write(partial, measured(content, maxBytes, signal));
        faultPoint('file-written');
        await rename(partial, path);
        await syncFolder(dirname(path));
        faultPoint('file-kept');
        return { key, ...stored };
      } catch (error) {
        content.destroy();
        await rm(partial, { force: true });
        await rm(path, { force: true });
        throw error;
      }
    },

    async read(key, range) {
      const { path } = await needed(key);
      return createReadStream(path, range ? { start: range.start, end: range.end } : {});
    },

    async local(key) {
      const { path } = await needed(key);
      return { path, async release() {} };
    },

    async remove(key) {
      await rm(pathOf(key), { force: true });
    },

    link: async () => undefined,

    async *list() {
      for (const first of await list(dir)) {
        for (const second of await list(join(dir, first))) {
          for (const key of await list(join(dir, first, second))) {
            if (!isKey(key)) continue;
            const found = await stat(join(dir, first, second, key)).catch(() => undefined);
            if (found !== undefined) yield { key, storedAt: found.mtime };
          }
        }
      }
    },

    async check() {
      await mkdir(dir, { recursive: true });
      await access(dir, constants.R_OK | constants.W_OK);
      return 'disk';
    },

    close() {},

    async sweep(isKnown) {
      const before = Date.now() - sweepAgeMs;
      let removed = 0;
      for (const first of await list(dir)) {
        for (const second of await list(join(dir, first))) {
          const folder = join(dir, first, second);
          for (const name of await list(folder)) {
            const path = join(folder, name);
            const found = await stat(path).catch(() => undefined);
            if (found === undefined || found.mtimeMs > before) continue;
            if (!name.endsWith(PARTIAL) && (!isKey(name) || (await isKnown(name)))) continue;
            await rm(path, { force: true });
            removed += 1;
          }
          // fails while anything is in it
          await rmdir(folder).catch(() => {});
        }
      }
      return removed;
    },
  };
}

async function write(path: string, { bytes, total }: Measured) {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const some of bytes) await file.writeFile(some);
    await file.sync();
    return total();
  } finally {
    await file.close();
  }
}

/** A rename is durable once its folder is. Some systems can't open a folder; there the rename has to do. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return;
  try {
    await folder.sync();
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code !== 'EPERM' &&
      (error as NodeJS.ErrnoException).code !== 'EISDIR'
    )
      throw error;
  } finally {
    await folder.close();
  }
}

const list = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
