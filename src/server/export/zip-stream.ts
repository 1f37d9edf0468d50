import { crc32, createDeflateRaw } from 'node:zlib';

export interface ZipEntry {
  /** With `/` between folders; each name once. */
  readonly name: string;
  readonly time: Date;
  readonly content: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>;
}

interface Written {
  readonly name: Buffer;
  readonly time: Date;
  readonly sum: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly at: number;
}

/** Names are UTF-8, sizes follow the content. */
const FLAGS = 0x0808;
const DEFLATE = 8;
const PLAIN = 20;
/** The version from which sizes, places and counts may be 64 bits long. */
const LARGE = 45;
const MOST_32 = 0xffffffff;
const MOST_16 = 0xffff;
const UNIX = 3 << 8;
const OWNER_ONLY = 0o100600 * 0x10000;

/**
 * A zip archive (PKWARE's APPNOTE 6.3) as it is read: each entry's sum and sizes follow its content, so that nothing is
 * held but the names. Entries of 4 GB and more are no reason to fail: their sizes are written with 64 bits.
 */
export async function* zipStream(
  entries: Iterable<ZipEntry> | AsyncIterable<ZipEntry>,
): AsyncGenerator<Buffer> {
  const written: Written[] = [];
  let at = 0;
  for await (const entry of entries) {
    const name = Buffer.from(entry.name);
    const start = at;
    const head = localHeader(name, entry.time);
    yield head;
    at += head.length;
    const count = { sum: 0, bytes: 0 };
    let packedBytes = 0;
    for await (const packed of deflated(entry.content, count)) {
      packedBytes += packed.length;
      yield packed;
    }
    const tail = descriptor(count.sum, packedBytes, count.bytes);
    yield tail;
    at += packedBytes + tail.length;
    written.push({ name, time: entry.time, sum: count.sum, packedBytes, bytes: count.bytes, at: start });
  }
  const directory = at;
  for (const entry of written) {
    const record = centralRecord(entry);
    yield record;
    at += record.length;
  }
  yield endOf(written.length, directory, at - directory);
}

async function* deflated(
  content: ZipEntry['content'],
  count: { sum: number; bytes: number },
): AsyncGenerator<Buffer> {
  const pack = createDeflateRaw();
  const feed = async () => {
    try {
      for await (const some of content) {
        const bytes = typeof some === 'string' ? Buffer.from(some) : some;
        count.sum = crc32(bytes, count.sum);
        count.bytes += bytes.byteLength;
        if (pack.destroyed) return;
        if (!pack.write(bytes)) await drained(pack);
      }
      pack.end();
    } catch (error) {
      pack.destroy(error as Error);
    }
  };
  const fed = feed();
  try {
    yield* pack as AsyncIterable<Buffer>;
  } finally {
    pack.destroy();
    await fed;
  }
}

const drained = (stream: NodeJS.WritableStream): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });

/** Two-second steps since 1980, in UTC. */
function dosTime(time: Date): number {
  const date =
    ((Math.max(1980, time.getUTCFullYear()) - 1980) << 9) |
    ((time.getUTCMonth() + 1) << 5) |
    time.getUTCDate();
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1);
  return date * 0x10000 + clock;
}

function localHeader(name: Buffer, time: Date): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(PLAIN, 4);
  head.writeUInt16LE(FLAGS, 6);
  head.writeUInt16LE(DEFLATE, 8);
  head.writeUInt32LE(dosTime(time), 10);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, name]);
}

function descriptor(sum: number, packedBytes: number, bytes: number): Buffer {
  const wide = packedBytes > MOST_32 || bytes > MOST_32;
  const tail = Buffer.alloc(wide ? 24 : 16);
  tail.writeUInt32LE(0x08074b50, 0);
  tail.writeUInt32LE(sum, 4);
  if (wide) {
    tail.writeBigUInt64LE(BigInt(packedBytes), 8);
    tail.writeBigUInt64LE(BigInt(bytes), 16);
  } else {
    tail.writeUInt32LE(packedBytes, 8);
    tail.writeUInt32LE(bytes, 12);
  }
  return tail;
}

function centralRecord({ name, time, sum, packedBytes, bytes, at }: Written): Buffer {
  const large = [bytes, packedBytes, at].filter((value) => value >= MOST_32);
  const extra = Buffer.alloc(large.length === 0 ? 0 : 4 + 8 * large.length);
  if (large.length > 0) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(8 * large.length, 2);
    for (const [i, value] of large.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i);
  }
  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(UNIX | LARGE, 4);
  record.writeUInt16LE(large.length === 0 ? PLAIN : LARGE, 6);
  record.writeUInt16LE(FLAGS, 8);
  record.writeUInt16LE(DEFLATE, 10);
  record.writeUInt32LE(dosTime(time), 12);
  record.writeUInt32LE(sum, 16);
  record.writeUInt32LE(Math.min(packedBytes, MOST_32), 20);
  record.writeUInt32LE(Math.min(bytes, MOST_32), 24);
  record.writeUInt16LE(name.length, 28);
  record.writeUInt16LE(extra.length, 30);
  record.writeUInt32LE(OWNER_ONLY, 38);
  record.writeUInt32LE(Math.min(at, MOST_32), 42);
  return Buffer.concat([record, name, extra]);
}

function endOf(count: number, at: number, bytes: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, MOST_16), 8);
  end.writeUInt16LE(Math.min(count, MOST_16), 10);
  end.writeUInt32LE(Math.min(bytes, MOST_32), 12);
  end.writeUInt32LE(Math.min(at, MOST_32), 16);
  if (count < MOST_16 && at < MOST_32 && bytes < MOST_32) return end;
  const wide = Buffer.alloc(56 + 20);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE(UNIX | LARGE, 12);
  wide.writeUInt16LE(LARGE, 14);
  wide.writeBigUInt64LE(BigInt(count), 24);
  wide.writeBigUInt64LE(BigInt(count), 32);
  wide.writeBigUInt64LE(BigInt(bytes), 40);
  wide.writeBigUInt64LE(BigInt(at), 48);
  wide.writeUInt32LE(0x07064b50, 56);
  wide.writeBigUInt64LE(BigInt(at + bytes), 64);
  wide.writeUInt32LE(1, 72);
  return Buffer.concat([wide, end]);
}
