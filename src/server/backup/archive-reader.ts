import type { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { BLOCK, paddingOf, readTarHeader, type TarEntry } from './tar-header.ts';

export interface ReadEntry extends TarEntry {
  /** Must be read to its end before the next entry is asked for. */
  content(): AsyncGenerator<Buffer>;
}

export const CUT_OFF = 'The backup ends in the middle: it was cut off, or is still being written.';

/** The file is no backup, or not a whole one. */
export class BrokenArchive extends Error {
  override readonly name = 'BrokenArchive';
}

/**
 * The entries of an archive that `createArchiveWriter` made, one after another. Names are only names: nothing is
 * written anywhere here.
 *
 * @throws BrokenArchive
 */
export async function* readArchive(from: Readable): AsyncGenerator<ReadEntry> {
  const bytes = createZstdDecompress();
  from.on('error', (error) => bytes.destroy(error)).pipe(bytes);
  const source = takeFrom(bytes);
  try {
    for (;;) {
      const entry = headerOf(await source.take(BLOCK));
      if (entry === undefined) return await source.end();
      let left = entry.sizeBytes;
      yield {
        ...entry,
        async *content() {
          while (left > 0) {
            const some = await source.some(left);
            left -= some.byteLength;
            yield some;
          }
        },
      };
      if (left > 0) throw new Error('an entry was not read to its end');
      await source.take(paddingOf(entry.sizeBytes));
    }
  } catch (error) {
    throw asBroken(error);
  } finally {
    from.destroy();
    bytes.destroy();
  }
}

function headerOf(block: Buffer): TarEntry | undefined {
  try {
    return readTarHeader(block);
  } catch (error) {
    throw new BrokenArchive(`This is no backup, or it is damaged: ${(error as Error).message}.`);
  }
}

function asBroken(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'Z_BUF_ERROR') return new BrokenArchive(CUT_OFF);
  if (!code.startsWith('ZSTD_')) return error;
  if (code === 'ZSTD_error_prefix_unknown')
    return new BrokenArchive('This is no backup of Knowledge Assistant.');
  return new BrokenArchive('The backup is damaged: its compressed data are not what was written.');
}

/** Takes bytes by number from a stream. */
function takeFrom(stream: AsyncIterable<Buffer>) {
  const parts = stream[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const fill = async () => {
    const next = await parts.next();
    if (next.done === true) throw new BrokenArchive(CUT_OFF);
    held = next.value;
  };
  const source = {
    /** At least one byte and at most so many. */
    async some(most: number): Promise<Buffer> {
      while (held.byteLength === 0) await fill();
      const part = held.subarray(0, most);
      held = held.subarray(part.byteLength);
      return part;
    },
    async take(count: number): Promise<Buffer> {
      const taken: Buffer[] = [];
      for (let left = count; left > 0; ) {
        const some = await source.some(left);
        taken.push(some);
        left -= some.byteLength;
      }
      return Buffer.concat(taken);
    },
    /** Only zeros may follow. */
    async end(): Promise<void> {
      for (let rest: Buffer | undefined = held; rest !== undefined; rest = (await parts.next()).value) {
        if (rest.some((byte) => byte !== 0)) throw new BrokenArchive('The backup goes on behind its end.');
      }
    },
  };
  return source;
}
