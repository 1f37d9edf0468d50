import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { broken, encrypted, tooComplex } from './faults.ts';
import { LIMITS } from './limits.ts';

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly headerOffset: number;
}

/**
 * A zip archive in memory. Entries are inflated on demand and counted against LIMITS as they come out, so
 * that what the archive says about its sizes does not matter. Nothing is written anywhere, and archives
 * inside the archive are not followed. Of two entries with one name the first counts.
 */
export class ZipArchive {
  readonly #bytes: Buffer;
  readonly #entries = new Map<string, Entry>();
  #inflatedBytes = 0;

  /** @throws AppError FILE_BROKEN, FILE_TOO_COMPLEX */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    for (const entry of centralDirectory(bytes)) {
      const name = normalName(entry.name);
      if (!this.#entries.has(name)) this.#entries.set(name, entry);
    }
  }

  names(): Iterable<string> {
    return this.#entries.keys();
  }

  has(name: string): boolean {
    return this.#entries.has(normalName(name));
  }

  /** The whole entry, or undefined when there is none. For entries that are small in every real file. */
  async bytes(name: string): Promise<Buffer | undefined> {
    if (!this.has(name)) return undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.stream(name)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async *stream(name: string): AsyncGenerator<Uint8Array> {
    const entry = this.#entries.get(normalName(name));
    if (entry === undefined) return;
    if ((entry.flags & 1) !== 0) throw encrypted();
    const packed = this.#packed(entry);
    let crc = 0;
    let length = 0;
    for await (const chunk of inflate(entry, packed)) {
      length += chunk.length;
      this.#inflatedBytes += chunk.length;
      if (
        length > LIMITS.zipEntryBytes ||
        this.#inflatedBytes > LIMITS.zipTotalBytes ||
        (length > LIMITS.zipRatioFromBytes && length > packed.length * LIMITS.zipRatio)
      ) {
        throw tooComplex('The file unpacks to far more than its size.');
      }
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (crc !== entry.crc) throw broken('The file is damaged: a part of it does not match its checksum.');
  }

  #packed(entry: Entry): Buffer {
    const at = entry.headerOffset;
    if (at + 30 > this.#bytes.length || this.#bytes.readUInt32LE(at) !== 0x04034b50) throw cutOff();
    const start = at + 30 + this.#bytes.readUInt16LE(at + 26) + this.#bytes.readUInt16LE(at + 28);
    if (start + entry.packedBytes > this.#bytes.length) throw cutOff();
    return this.#bytes.subarray(start, start + entry.packedBytes);
  }
}

const cutOff = () => broken('The file is damaged or incomplete.');

/** Below this many packed bytes one synchronous call is faster than a stream; its output is capped all the same. */
const SYNC_PACKED_BYTES = 256 * 1024;

async function* inflate(entry: Entry, packed: Buffer): AsyncGenerator<Uint8Array> {
  if (entry.method === 0) {
    yield packed;
    return;
  }
  if (entry.method !== 8) throw broken('The file is packed in an unusual way that cannot be read.');
  try {
    if (packed.length <= SYNC_PACKED_BYTES) {
      yield inflateRawSync(packed, { maxOutputLength: LIMITS.zipRatioFromBytes });
      return;
    }
  } catch (error) {
    // more than the cap: the stream below counts what comes out
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
      throw broken('The file is damaged.', error);
  }
  const stream = createInflateRaw({ chunkSize: 128 * 1024 });
  try {
    stream.end(packed);
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw broken('The file is damaged.', error);
  } finally {
    stream.destroy();
  }
}

/** Names as the package formats compare them: no leading slash, forward slashes, case ignored. */
const normalName = (name: string): string => name.replaceAll('\\', '/').replace(/^\/+/, '').toLowerCase();

/** APPNOTE.TXT 4.3.12 to 4.3.16. */
function* centralDirectory(bytes: Buffer): Generator<Entry> {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end === -1 || end + 22 > bytes.length) throw cutOff();
  let count = bytes.readUInt16LE(end + 10);
  let size = bytes.readUInt32LE(end + 12);
  let offset = bytes.readUInt32LE(end + 16);
  const locator = end - 20;
  if (locator >= 0 && bytes.readUInt32LE(locator) === 0x07064b50) {
    const at = Number(bytes.readBigUInt64LE(locator + 8));
    if (at + 56 <= bytes.length && bytes.readUInt32LE(at) === 0x06064b50) {
      count = Number(bytes.readBigUInt64LE(at + 32));
      size = Number(bytes.readBigUInt64LE(at + 40));
      offset = Number(bytes.readBigUInt64LE(at + 48));
    }
  }
  if (count > LIMITS.zipEntries) throw tooComplex(`The file holds more than ${LIMITS.zipEntries} parts.`);
  // bytes in front of the archive (a polyglot) move everything by the same amount
  const shift = Math.max(0, end - (offset + size));
  let at = offset + (bytes.length >= offset + 4 && bytes.readUInt32LE(offset) === 0x02014b50 ? 0 : shift);
  const base = at - offset;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50) throw cutOff();
    const nameLength = bytes.readUInt16LE(at + 28);
    const extraLength = bytes.readUInt16LE(at + 30);
    const nameEnd = at + 46 + nameLength;
    const flags = bytes.readUInt16LE(at + 8);
    const [packedBytes, headerOffset] = largeSizes(bytes, at, nameEnd, nameEnd + extraLength);
    yield {
      name: bytes.toString((flags & 0x800) === 0 ? 'latin1' : 'utf8', at + 46, nameEnd),
      method: bytes.readUInt16LE(at + 10),
      flags,
      crc: bytes.readUInt32LE(at + 16),
      packedBytes,
      headerOffset: headerOffset + base,
    };
    at = nameEnd + extraLength + bytes.readUInt16LE(at + 32);
  }
}

/** Packed size and header offset, from the 64-bit extra field where the 32-bit ones are full. */
function largeSizes(
  bytes: Buffer,
  at: number,
  extraStart: number,
  extraEnd: number,
): [packed: number, offset: number] {
  const full = 0xffffffff;
  let packed = bytes.readUInt32LE(at + 20);
  let offset = bytes.readUInt32LE(at + 42);
  if (packed !== full && offset !== full) return [packed, offset];
  for (let i = extraStart; i + 4 <= Math.min(extraEnd, bytes.length); ) {
    const id = bytes.readUInt16LE(i);
    const length = bytes.readUInt16LE(i + 2);
    if (id === 1) {
      let field = i + 4 + (bytes.readUInt32LE(at + 24) === full ? 8 : 0);
      const next = () => {
        if (field + 8 > bytes.length) throw cutOff();
        field += 8;
        return Number(bytes.readBigUInt64LE(field - 8));
      };
      if (packed === full) packed = next();
      if (offset === full) offset = next();
    }
    i += 4 + length;
  }
  return [packed, offset];
}
