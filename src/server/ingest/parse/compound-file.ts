import { broken } from './faults.ts';

const FREE = 0xfffffffa;
/** [MS-CFB] 2.6: bytes of a directory entry. */
const ENTRY_BYTES = 128;

/**
 * The streams of a compound file ([MS-CFB]), the container of Office 97 to 2003 and of encrypted office
 * files. Sector chains are followed at most as far as the file has sectors, so circles end.
 */
export class CompoundFile {
  readonly #bytes: Buffer;
  readonly #sectorBytes: number;
  readonly #fat: number[];
  readonly #miniFat: number[];
  readonly #mini: Buffer;
  readonly #streams = new Map<string, { start: number; size: number }>();

  /** @throws AppError FILE_BROKEN */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    if (bytes.length < 512) throw cutOff();
    const shift = bytes.readUInt16LE(30);
    if (shift !== 9 && shift !== 12) throw cutOff();
    this.#sectorBytes = 1 << shift;
    this.#fat = this.#readFat();
    const directory = this.#chain(bytes.readUInt32LE(48));
    let root = { start: FREE, size: 0 };
    for (let at = 0; at + ENTRY_BYTES <= directory.length; at += ENTRY_BYTES) {
      const nameBytes = directory.readUInt16LE(at + 64);
      const type = directory[at + 66];
      if (nameBytes < 2 || nameBytes > 64) continue;
      const name = directory.toString('utf16le', at, at + nameBytes - 2);
      const entry = { start: directory.readUInt32LE(at + 116), size: directory.readUInt32LE(at + 120) };
      if (type === 5) root = entry;
      else if (type === 2 && !this.#streams.has(name)) this.#streams.set(name, entry);
    }
    this.#miniFat = numbers(this.#chain(bytes.readUInt32LE(60)));
    this.#mini = this.#chain(root.start).subarray(0, root.size);
  }

  has(name: string): boolean {
    return this.#streams.has(name);
  }

  stream(name: string): Buffer | undefined {
    const entry = this.#streams.get(name);
    if (entry === undefined) return undefined;
    const cutoff = this.#bytes.readUInt32LE(56);
    const data = entry.size < cutoff ? this.#miniChain(entry.start) : this.#chain(entry.start);
    return data.subarray(0, entry.size);
  }

  #readFat(): number[] {
    const bytes = this.#bytes;
    const sectors: number[] = [];
    for (let i = 0; i < 109; i++) sectors.push(bytes.readUInt32LE(76 + i * 4));
    let next = bytes.readUInt32LE(68);
    const most = Math.ceil(bytes.length / this.#sectorBytes);
    for (let i = 0; next < FREE && i < most; i++) {
      const sector = numbers(this.#sector(next));
      next = sector.pop() ?? FREE;
      sectors.push(...sector);
    }
    return sectors
      .filter((sector) => sector < FREE)
      .slice(0, most)
      .flatMap((sector) => numbers(this.#sector(sector)));
  }

  #sector(index: number): Buffer {
    const start = (index + 1) * this.#sectorBytes;
    return this.#bytes.subarray(start, start + this.#sectorBytes);
  }

  #chain(start: number): Buffer {
    const parts: Buffer[] = [];
    for (let at = start; at < FREE && parts.length <= this.#fat.length; at = this.#fat[at] ?? FREE)
      parts.push(this.#sector(at));
    return Buffer.concat(parts);
  }

  #miniChain(start: number): Buffer {
    const parts: Buffer[] = [];
    for (let at = start; at < FREE && parts.length <= this.#miniFat.length; at = this.#miniFat[at] ?? FREE) {
      parts.push(this.#mini.subarray(at * 64, at * 64 + 64));
    }
    return Buffer.concat(parts);
  }
}

const cutOff = () => broken('The file is damaged or incomplete.');

function numbers(bytes: Buffer): number[] {
  const result: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) result.push(bytes.readUInt32LE(at));
  return result;
}
