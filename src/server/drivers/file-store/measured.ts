import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AppError } from '../../errors.ts';

export interface Measured {
  /** What came, once. @throws AppError DOCUMENT_TOO_LARGE with the first byte too many; AbortError. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Of what has been read so far. */
  total(): { readonly sizeBytes: number; readonly sha256: string };
}

/** Counts and hashes bytes on their way into a store. An abort ends `content`, also while it is silent. */
export function measured(content: Readable, maxBytes: number, signal: AbortSignal | undefined): Measured {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  async function* read(): AsyncGenerator<Uint8Array> {
    const stop = () => content.destroy(new DOMException('aborted', 'AbortError'));
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    try {
      for await (const chunk of content) {
        const bytes: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        sizeBytes += bytes.byteLength;
        if (sizeBytes > maxBytes)
          throw new AppError(
            'DOCUMENT_TOO_LARGE',
            `The file is larger than the ${megabytes(maxBytes)} allowed.`,
          );
        hash.update(bytes);
        yield bytes;
      }
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    signal?.throwIfAborted();
  }
  return { bytes: read(), total: () => ({ sizeBytes, sha256: hash.digest('hex') }) };
}

const megabytes = (bytes: number): string =>
  bytes >= 1_048_576 ? `${Math.round((bytes / 1_048_576) * 10) / 10} MB` : `${bytes} bytes`;
