import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { type ZipEntry, zipStream } from './zip-stream.ts';

const time = new Date('2026-03-04T05:06:08Z');
const zipped = (entries: Iterable<ZipEntry>) =>
  buffer(Readable.from(zipStream(entries), { objectMode: false }));

test('what goes in comes out, whatever its name, its size and the pieces it comes in', async () => {
  const large = Buffer.alloc(3_000_000, 'a line that repeats\n');
  const pieces = Array.from({ length: 100 }, (_, i) => large.subarray(i * 30_000, (i + 1) * 30_000));
  const files = unzipSync(
    await zipped([
      { name: 'empty.txt', time, content: [] },
      { name: 'deep/Ünïcode 漢字 😀.txt', time, content: ['half, ', Buffer.from('and half')] },
      { name: 'large.bin', time, content: Readable.from(pieces) },
    ]),
  );
  expect(Object.keys(files)).toEqual(['empty.txt', 'deep/Ünïcode 漢字 😀.txt', 'large.bin']);
  expect(files['empty.txt']).toHaveLength(0);
  expect(Buffer.from(files['deep/Ünïcode 漢字 😀.txt'] as Uint8Array).toString()).toBe('half, and half');
  expect(large.equals(files['large.bin'] as Uint8Array)).toBe(true);
});

test('more entries than 16 bits can count are all there', async () => {
  const entries = Array.from({ length: 66_000 }, (_, n) => ({ name: `${n}`, time, content: [] }));
  expect(Object.keys(unzipSync(await zipped(entries)))).toHaveLength(66_000);
}, 60_000);

test('content that breaks off ends the archive with its fault, and a reader that leaves ends the content', async () => {
  const broken = (async function* () {
    yield 'some';
    throw new Error('the disk is gone');
  })();
  await expect(zipped([{ name: 'a', time, content: broken }])).rejects.toThrow('the disk is gone');

  let ended = false;
  const endless = (async function* () {
    try {
      for (let n = 0; ; n++) yield Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * i * n) & 255));
    } finally {
      ended = true;
    }
  })();
  for await (const some of zipStream([{ name: 'a', time, content: endless }])) if (some.length > 1000) break;
  expect(ended).toBe(true);
});
