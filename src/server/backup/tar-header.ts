/** One block of the POSIX tar format (ustar): headers fill one, contents are padded to whole ones. */
export const BLOCK = 512;

/** Fields of a header that are used here, by their place. */
const NAME = [0, 100] as const;
const MODE = [100, 8] as const;
const SIZE = [124, 12] as const;
const TIME = [136, 12] as const;
const SUM = [148, 8] as const;
const KIND = 156;
const MAGIC = [257, 8] as const;
const PREFIX = [345, 155] as const;

/** Sizes above this are written as a binary number, as GNU tar does: octal digits end at 8 GB. */
const MOST_OCTAL = 0o77777777777;

export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

/** @param name up to 100 bytes of ASCII. */
export function tarHeader({ name, sizeBytes }: TarEntry, time: Date): Buffer {
  const header = Buffer.alloc(BLOCK);
  const text = ([at, length]: readonly [number, number], value: string) =>
    void header.write(value.slice(0, length), at, 'latin1');
  const octal = (field: readonly [number, number], value: number) =>
    text(field, value.toString(8).padStart(field[1] - 1, '0'));
  text(NAME, name);
  octal(MODE, 0o600);
  octal([108, 8], 0);
  octal([116, 8], 0);
  if (sizeBytes <= MOST_OCTAL) octal(SIZE, sizeBytes);
  else {
    header[SIZE[0]] = 0x80;
    header.writeBigUInt64BE(BigInt(sizeBytes), SIZE[0] + 4);
  }
  octal(TIME, Math.floor(time.getTime() / 1000));
  header.write('0', KIND, 'latin1');
  header.write('ustar\0' + '00', MAGIC[0], 'latin1');
  header.fill(' ', SUM[0], SUM[0] + SUM[1]);
  text(SUM, `${sumOf(header).toString(8).padStart(6, '0')}\0 `);
  return header;
}

/**
 * @returns undefined at the end of the archive.
 * @throws Error when it is no header of a plain file.
 */
export function readTarHeader(header: Buffer): TarEntry | undefined {
  if (header.every((byte) => byte === 0)) return undefined;
  const text = ([at, length]: readonly [number, number]) =>
    header.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  const sum = Number.parseInt(text(SUM).trim(), 8);
  const blank = Buffer.from(header);
  blank.fill(' ', SUM[0], SUM[0] + SUM[1]);
  if (sum !== sumOf(blank) || !text(MAGIC).startsWith('ustar')) throw new Error('a header is damaged');
  if (header.toString('latin1', KIND, KIND + 1) !== '0')
    throw new Error('it holds something that is no file');
  if (text(PREFIX) !== '') throw new Error('a name is too long');
  const binary = ((header[SIZE[0]] as number) & 0x80) !== 0;
  const sizeBytes = binary
    ? Number(header.readBigUInt64BE(SIZE[0] + 4))
    : Number.parseInt(text(SIZE).trim(), 8);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new Error('a size is no number');
  return { name: text(NAME), sizeBytes };
}

const sumOf = (header: Buffer): number => header.reduce((sum, byte) => sum + byte, 0);

/** Bytes from the end of a content to the next header. */
export const paddingOf = (sizeBytes: number): number => (BLOCK - (sizeBytes % BLOCK)) % BLOCK;
