import { unzipSync, zipSync } from 'fflate';
import type { SeededRandom } from '../support/seeded-random.ts';

/** Bytes and words at which readers go wrong. */
const TRICKY = [
  Buffer.of(0),
  Buffer.of(0xff),
  Buffer.of(0xff, 0xff, 0xff, 0xff),
  Buffer.of(0xff, 0xff, 0xff, 0x7f),
  Buffer.of(0, 0, 0, 0x80),
  ...[
    '-1',
    '4294967296',
    '1e999',
    '99999999999999999999',
    'NaN',
    '<',
    '>',
    '&',
    ']]>',
    '"',
    '\\',
    '{',
    '}',
    '(',
    ')',
  ].map((text) => Buffer.from(text)),
  Buffer.from('\ud800\u0000\u202e', 'utf16le'),
];
const MOST_REPEATS = 2_000;

/** Replaces `removed` bytes at `at`. */
const spliced = (bytes: Buffer, at: number, removed: number, ...put: readonly Buffer[]): Buffer =>
  Buffer.concat([bytes.subarray(0, at), ...put, bytes.subarray(at + removed)]);

function once(bytes: Buffer, other: Buffer, random: SeededRandom): Buffer {
  const at = random.below(bytes.length);
  const some = 1 + random.below(Math.min(64, bytes.length));
  switch (random.below(8)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << random.below(8));
      return flipped;
    }
    case 1:
      return spliced(bytes, at, 1, Buffer.of(random.below(256)));
    case 2:
      return spliced(bytes, at, some);
    case 3:
      return spliced(
        bytes,
        at,
        0,
        ...Array(1 + random.below(random.below(20) === 0 ? MOST_REPEATS : 4)).fill(
          bytes.subarray(at, at + some),
        ),
      );
    case 4:
      return bytes.subarray(0, at);
    case 5: {
      const tricky = random.pick(TRICKY);
      return spliced(bytes, at, random.below(2) * tricky.length, tricky);
    }
    case 6: {
      const from = random.below(other.length);
      return spliced(bytes, at, 0, other.subarray(from, from + some * 4));
    }
    default: {
      // a number in the text becomes another one
      const text = bytes.toString('latin1');
      const numbers = [...text.matchAll(/\d+/g)];
      if (numbers.length === 0) return spliced(bytes, at, some);
      const { index, 0: number } = random.pick(numbers);
      return spliced(bytes, index, number.length, random.pick(TRICKY.slice(5, 10)));
    }
  }
}

/**
 * The bytes with one to eight changes. Of an archive, two times in three what is packed in one of its parts changes, and
 * the archive stays sound: else nothing would come further than its sums.
 */
export function mutated(bytes: Buffer, other: Buffer, random: SeededRandom): Buffer {
  const isArchive = bytes.subarray(0, 2).toString('latin1') === 'PK';
  const times = 1 + random.below(8);
  if (isArchive && random.below(3) > 0) {
    const parts = unzipSync(bytes);
    const name = random.pick(Object.keys(parts));
    let part: Buffer = Buffer.from(parts[name] as Uint8Array);
    for (let n = 0; n < times && part.length > 0; n++) part = once(part, other, random);
    return Buffer.from(zipSync({ ...parts, [name]: new Uint8Array(part) }, { level: 1 }));
  }
  let changed = bytes;
  for (let n = 0; n < times && changed.length > 0; n++) changed = once(changed, other, random);
  return changed;
}
