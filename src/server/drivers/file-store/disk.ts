import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { v7 } from 'uuid';
import { AppError } from '../../errors.ts';
import type { FileStore } from '../../ports/file-store.ts';

/** A stored or half-written file younger than this may belong to a request that still runs. */
const SWEEP_AGE_MS = 3_600_000;
const KEY = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{12})$/;
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
    const random = KEY.exec(key)?.[1];
    if (random === undefined) throw new AppError('FILE_MISSING', 'The stored file has no valid key.');
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
    async put(content, maxBytes, signal) {
      const key = v7();
      const path = pathOf(key);
      const partial = path + PARTIAL;
      try {
        signal?.throwIfAborted();
        await mkdir(dirname(path), { recursive: true });
        const { sizeBytes, sha256 } = await writeHashed(partial, content, maxBytes, signal);
        await rename(partial, path);
        await syncFolder(dirname(path));
        return { key, sizeBytes, sha256 };
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
            if (!name.endsWith(PARTIAL) && (!KEY.test(name) || (await isKnown(name)))) continue;
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

async function writeHashed(
  path: string,
  content: Readable,
  maxBytes: number,
  signal: AbortSignal | undefined,
) {
  const file = await open(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const stop = () => content.destroy(new DOMException('aborted', 'AbortError'));
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    try {
      for await (const chunk of content) {
        const bytes: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        sizeBytes += bytes.byteLength;
        if (sizeBytes > maxBytes) {
          throw new AppError(
            'DOCUMENT_TOO_LARGE',
            `The file is larger than the ${megabytes(maxBytes)} allowed.`,
          );
        }
        hash.update(bytes);
        await file.writeFile(bytes);
      }
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    signal?.throwIfAborted();
    await file.sync();
    return { sizeBytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

const megabytes = (bytes: number): string =>
  bytes >= 1_048_576 ? `${Math.round((bytes / 1_048_576) * 10) / 10} MB` : `${bytes} bytes`;

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
