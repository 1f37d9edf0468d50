import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { FileStore } from '../../ports/file-store.ts';

/** What a driver's test gives: a fresh store, and how many files (finished or not) it holds. */
export interface FileStoreUnderTest {
  readonly store: FileStore;
  count(): Promise<number>;
  /** Makes everything stored so far older than what a sweep spares. */
  age(): Promise<void>;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const inPieces = (bytes: Buffer, size: number) =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    ),
  );

export function fileStoreConformance(name: string, make: () => Promise<FileStoreUnderTest>): void {
  describe(`file store: ${name}`, () => {
    test('what was put is read back, whole and by range, with its size and hash', async () => {
      const { store, count } = await make();
      const bytes = randomBytes(300_000);
      const stored = await store.put(inPieces(bytes, 7_001), 1_000_000);
      expect(stored).toMatchObject({ sizeBytes: 300_000, sha256: sha256(bytes) });
      expect((await buffer(await store.read(stored.key))).equals(bytes)).toBe(true);
      const part = await buffer(await store.read(stored.key, { start: 10, end: 19 }));
      expect(part.equals(bytes.subarray(10, 20))).toBe(true);
      expect(await count()).toBe(1);
    });

    test('an empty file is a file', async () => {
      const { store } = await make();
      const stored = await store.put(Readable.from([]), 10);
      expect(stored.sizeBytes).toBe(0);
      expect((await buffer(await store.read(stored.key))).length).toBe(0);
    });

    test('the same bytes put twice are two files', async () => {
      const { store } = await make();
      const a = await store.put(Readable.from([Buffer.from('same')]), 10);
      const b = await store.put(Readable.from([Buffer.from('same')]), 10);
      expect(a.key).not.toBe(b.key);
      await store.remove(a.key);
      expect((await buffer(await store.read(b.key))).toString()).toBe('same');
    });

    test('a file of exactly the limit is taken', async () => {
      const { store } = await make();
      expect((await store.put(inPieces(Buffer.alloc(100, 1), 30), 100)).sizeBytes).toBe(100);
    });

    test('more than the limit is refused as soon as it comes, and leaves nothing', async () => {
      const { store, count } = await make();
      let pulled = 0;
      const endless = Readable.from(
        (function* () {
          for (;;) {
            pulled += 1;
            yield Buffer.alloc(1_000);
          }
        })(),
      );
      await expect(store.put(endless, 50_000)).rejects.toMatchObject({ code: 'DOCUMENT_TOO_LARGE' });
      expect(pulled).toBeLessThan(200);
      expect(await count()).toBe(0);
    });

    test('an upload that breaks off leaves nothing', async () => {
      const { store, count } = await make();
      const broken = Readable.from(
        (async function* () {
          yield Buffer.alloc(5_000);
          throw new Error('connection reset');
        })(),
      );
      await expect(store.put(broken, 50_000)).rejects.toThrow('connection reset');
      expect(await count()).toBe(0);
    });

    test('an upload that is aborted leaves nothing', async () => {
      const { store, count } = await make();
      const controller = new AbortController();
      const stalled = new Readable({ read() {} });
      stalled.push(Buffer.alloc(5_000));
      const putting = store.put(stalled, 50_000, controller.signal);
      setImmediate(() => controller.abort());
      await expect(putting).rejects.toMatchObject({ name: 'AbortError' });
      expect(stalled.destroyed).toBe(true);
      expect(await count()).toBe(0);
    });

    test('a local path holds the bytes until it is released', async () => {
      const { store } = await make();
      const stored = await store.put(Readable.from([Buffer.from('on disk')]), 100);
      const local = await store.local(stored.key);
      expect(readFileSync(local.path, 'utf8')).toBe('on disk');
      await local.release();
      expect((await buffer(await store.read(stored.key))).toString()).toBe('on disk');
    });

    test('what is removed or was never there is missing, and removing it again is fine', async () => {
      const { store, count } = await make();
      const stored = await store.put(Readable.from([Buffer.from('x')]), 100);
      await store.remove(stored.key);
      await store.remove(stored.key);
      await expect(store.read(stored.key)).rejects.toMatchObject({ code: 'FILE_MISSING' });
      await expect(store.local(stored.key)).rejects.toMatchObject({ code: 'FILE_MISSING' });
      expect(await count()).toBe(0);
    });

    test.each(['../../etc/passwd', '', 'a/b', '..', 'name.txt', '/etc/passwd'])(
      '%j is no key',
      async (key) => {
        const { store } = await make();
        await expect(store.read(key)).rejects.toMatchObject({ code: 'FILE_MISSING' });
        await expect(store.local(key)).rejects.toMatchObject({ code: 'FILE_MISSING' });
      },
    );

    test('a link, where the store gives one, downloads the file', async () => {
      const { store } = await make();
      const stored = await store.put(Readable.from([Buffer.from('linked')]), 100);
      const address = await store.link(stored.key, { disposition: 'attachment', mimeType: 'text/plain' });
      if (address === undefined) return;
      const response = await fetch(address);
      expect(await response.text()).toBe('linked');
      expect(response.headers.get('content-disposition')).toBe('attachment');
    });

    test('a list names every whole file with the time of its storing', async () => {
      const { store } = await make();
      const begun = Date.now();
      const keys = [];
      for (const text of ['one', 'two', 'three'])
        keys.push((await store.put(Readable.from([Buffer.from(text)]), 100)).key);
      const listed = await Array.fromAsync(store.list());
      expect(listed.map(({ key }) => key).sort()).toEqual(keys.sort());
      // S3 tells seconds
      for (const { storedAt } of listed) expect(storedAt.getTime()).toBeGreaterThan(begun - 2_000);
    });

    test('a check of a store that works says what it is', async () => {
      const { store } = await make();
      expect(await store.check()).toMatch(/^\w/);
    });

    test('a sweep removes old files that nobody knows, and only those', async () => {
      const { store, age, count } = await make();
      const known = await store.put(Readable.from([Buffer.from('known')]), 100);
      await store.put(Readable.from([Buffer.from('lost')]), 100);
      await age();
      const young = await store.put(Readable.from([Buffer.from('young')]), 100);
      expect(await store.sweep(async (key) => key === known.key)).toBe(1);
      expect(await count()).toBe(2);
      expect((await buffer(await store.read(known.key))).toString()).toBe('known');
      expect((await buffer(await store.read(young.key))).toString()).toBe('young');
    });
  });
}
