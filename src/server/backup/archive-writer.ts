import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { BLOCK, paddingOf, type TarEntry, tarHeader } from './tar-header.ts';

/** Level 3 is zstd's own choice: a stronger one takes several times as long for a few percent. */
const LEVEL = 3;

/** Writes a tar archive, compressed by zstd, entry after entry: only what is on its way is in memory. */
export interface ArchiveWriter {
  add(name: string, content: Uint8Array): Promise<void>;
  /**
   * An entry of exactly so many bytes.
   * @returns whether the content had as many; what is missing is filled with zeros, and what is too much left out.
   */
  addStream(entry: TarEntry, content: AsyncIterable<Uint8Array>): Promise<boolean>;
  /** Ends the archive and resolves when its last byte has been taken. @returns bytes before compression. */
  finish(): Promise<number>;
  /** Gives up. */
  destroy(): void;
}

/** @param to is ended with the archive. */
export function createArchiveWriter(to: Writable, time: Date): ArchiveWriter {
  const compress = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  let failed: Error | undefined;
  const fail = (error: Error) => {
    failed ??= error;
    compress.destroy(error);
    to.destroy(error);
  };
  compress.on('error', fail);
  to.on('error', fail);
  compress.pipe(to);
  let total = 0;

  const write = async (bytes: Uint8Array): Promise<void> => {
    if (failed !== undefined) throw failed;
    total += bytes.byteLength;
    if (compress.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error) => {
        for (const name of ['drain', 'close'] as const) compress.off(name, drained);
        if (error) reject(error);
        else resolve();
      };
      const drained = () =>
        done(compress.destroyed ? (failed ?? new Error('the output was closed')) : undefined);
      compress.once('drain', drained).once('close', drained);
    });
  };
  const zeros = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left -= ZEROS.length) await write(ZEROS.subarray(0, left));
  };

  return {
    async add(name, content) {
      await write(tarHeader({ name, sizeBytes: content.byteLength }, time));
      await write(content);
      await zeros(paddingOf(content.byteLength));
    },
    async addStream(entry, content) {
      await write(tarHeader(entry, time));
      let left = entry.sizeBytes;
      let whole = true;
      for await (const some of content) {
        if (some.byteLength > left) whole = false;
        const part = some.subarray(0, left);
        left -= part.byteLength;
        if (part.byteLength > 0) await write(part);
        if (!whole) break;
      }
      if (left > 0) whole = false;
      await zeros(left + paddingOf(entry.sizeBytes));
      return whole;
    },
    async finish() {
      await zeros(2 * BLOCK);
      compress.end();
      await finished(to);
      return total;
    },
    destroy: () => fail(new Error('given up')),
  };
}

const ZEROS = Buffer.alloc(64 * 1024);
