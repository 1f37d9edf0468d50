import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { type S3Double, startS3Double } from '../../../../test/support/s3-double.ts';
import { UpstreamError } from '../../errors.ts';
import type { FileStore } from '../../ports/file-store.ts';
import { fileStoreConformance } from './conformance.ts';
import { createS3FileStore, type S3Options } from './s3.ts';

const KEY = '0199aaaa-0000-7000-8000-00000000abcd';
const PART = 5 * 1024 * 1024;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface House {
  readonly store: FileStore;
  readonly s3: S3Double;
  readonly scratchDir: string;
  count(): Promise<number>;
  age(): Promise<void>;
}

async function make(
  own: Partial<S3Options> = {},
  double: Parameters<typeof startS3Double>[0] = {},
): Promise<House> {
  const s3 = await startS3Double(double);
  const folder = mkdtempSync(join(tmpdir(), 's3-'));
  const scratchDir = join(folder, 'scratch');
  const store = createS3FileStore({
    bucket: s3.bucket,
    prefix: 'team/files',
    region: 'eu-central-1',
    endpoint: s3.url,
    credentials: s3.credentials,
    presigned: false,
    scratchDir,
    ...own,
  });
  closing.push(
    () => rmSync(folder, { recursive: true }),
    () => s3.close(),
    () => store.close(),
  );
  return {
    store,
    s3,
    scratchDir,
    count: async () => s3.objects.size + s3.uploads.size,
    async age() {
      for (const object of s3.objects.values()) object.modified = new Date(0);
      for (const upload of s3.uploads.values()) upload.initiated = new Date(0);
    },
  };
}

fileStoreConformance('S3', () => make());
fileStoreConformance('S3 with presigned downloads, temporary credentials and no prefix', () =>
  make({ presigned: true, prefix: '' }, { sessionToken: 'a token/with=signs' }),
);

const inPieces = (bytes: Buffer, size = 65_536) =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    ),
  );

test('a small file is one request, under the prefix', async () => {
  const { store, s3 } = await make();
  const { key } = await store.put(Readable.from(['small']), 100);
  expect(s3.requests).toEqual([`PUT /documents/team/files/${key}`]);
});

test('a large file goes in parts of 5 MB, each sent as soon as it is there', async () => {
  const { store, s3 } = await make();
  const bytes = randomBytes(2 * PART + 1_000_000);
  const receivedWhen: number[] = [];
  const watched = Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += 262_144) {
        receivedWhen.push(s3.received());
        yield bytes.subarray(at, at + 262_144);
      }
    })(),
  );
  const stored = await store.put(watched, bytes.length);
  expect(stored).toMatchObject({
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  const path = `/documents/team/files/${stored.key}`;
  expect(s3.requests).toEqual([
    `POST ${path}?uploads`,
    ...Array.from({ length: 3 }, () => `PUT ${path}?partNumber&uploadId`),
    `POST ${path}?uploadId`,
  ]);
  // the end of the file is made only when its first two parts have arrived
  expect(receivedWhen.at(-1)).toBeGreaterThanOrEqual(2 * PART);
  expect((await buffer(await store.read(stored.key))).equals(bytes)).toBe(true);
  const across = await buffer(await store.read(stored.key, { start: PART - 5, end: PART + 4 }));
  expect(across.equals(bytes.subarray(PART - 5, PART + 5))).toBe(true);
});

test('a file whose last part is full has no empty part after it', async () => {
  const { store, s3 } = await make();
  const stored = await store.put(inPieces(Buffer.alloc(PART, 7)), 2 * PART);
  expect(stored.sizeBytes).toBe(PART);
  expect(s3.objects.get(`team/files/${stored.key}`)?.bytes.length).toBe(PART);
});

test('a large upload that breaks off or is refused leaves no parts', async () => {
  const { store, count } = await make();
  const broken = Readable.from(
    (async function* () {
      yield Buffer.alloc(PART + 1);
      throw new Error('connection reset');
    })(),
  );
  await expect(store.put(broken, 4 * PART)).rejects.toThrow('connection reset');
  expect(await count()).toBe(0);
  await expect(store.put(inPieces(Buffer.alloc(2 * PART)), PART + 10)).rejects.toMatchObject({
    code: 'DOCUMENT_TOO_LARGE',
  });
  expect(await count()).toBe(0);
});

test('a part that S3 refuses for a moment is sent again, and the file is whole', async () => {
  const { store, s3 } = await make();
  const bytes = randomBytes(PART + 500);
  s3.fail(500, 1, (request) => request.includes('partNumber'));
  const stored = await store.put(inPieces(bytes), 2 * PART);
  expect(s3.objects.get(`team/files/${stored.key}`)?.bytes.equals(bytes)).toBe(true);
  expect(s3.requests.filter((request) => request.includes('partNumber'))).toHaveLength(3);
});

test('an S3 that stays away is an upstream fault worth a repeat', async () => {
  const { store, s3 } = await make();
  s3.fail(500, 10);
  await expect(store.put(Readable.from(['x']), 10)).rejects.toMatchObject({
    name: 'UpstreamError',
    service: 'storage',
    retryable: true,
  });
  s3.fail(0, 10);
  await expect(store.check()).rejects.toMatchObject({ name: 'UpstreamError', retryable: true });
});

test('wrong credentials and a bucket that is not there are told, and are no missing files', async () => {
  const { store: stranger, s3 } = await make({
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'wrong', sessionToken: undefined },
  });
  const refused = await stranger.read(KEY).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UpstreamError);
  expect(refused).toMatchObject({
    retryable: false,
    message: expect.stringContaining('SignatureDoesNotMatch'),
  });
  const lost = createS3FileStore({
    bucket: 'elsewhere',
    prefix: '',
    region: 'eu-central-1',
    endpoint: s3.url,
    credentials: s3.credentials,
    presigned: false,
    scratchDir: '/nowhere',
  });
  closing.push(() => lost.close());
  await expect(lost.read(KEY)).rejects.toMatchObject({ message: expect.stringContaining('NoSuchBucket') });
  await expect(lost.check()).rejects.toMatchObject({
    retryable: false,
    message: 'S3 has no bucket elsewhere: make it, or mend STORAGE_URL',
  });
});

test('a check tells the bucket', async () => {
  const { store } = await make();
  expect(await store.check(AbortSignal.timeout(5_000))).toBe('S3, bucket documents');
});

test('a file that breaks off on its way to a local path leaves nothing there and can be asked for again', async () => {
  const { store, s3, scratchDir } = await make();
  const stored = await store.put(Readable.from([Buffer.alloc(300_000, 5)]), 1_000_000);
  s3.breakOffAfter(100_000);
  await expect(store.local(stored.key)).rejects.toMatchObject({ name: 'UpstreamError', retryable: true });
  expect(readdirSync(scratchDir)).toEqual([]);
  const local = await store.local(stored.key);
  expect(readdirSync(scratchDir)).toHaveLength(1);
  await local.release();
  expect(existsSync(local.path)).toBe(false);
});

test('a presigned address gives the file by itself, under its name', async () => {
  const { store, s3 } = await make({ presigned: true }, { sessionToken: 'temporary' });
  const { key } = await store.put(Readable.from(['shared']), 100);
  const as = {
    disposition: `attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt`,
    mimeType: 'text/plain',
  };
  const address = (await store.link(key, as)) as string;
  const response = await fetch(address);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-disposition')).toBe(as.disposition);
  expect(response.headers.get('content-type')).toBe('text/plain');
  expect(await text(Readable.from([Buffer.from(await response.arrayBuffer())]))).toBe('shared');
  expect((await fetch(address.replace(key, KEY))).status).toBe(403);
  expect(new URL(address).searchParams.get('X-Amz-Expires')).toBe('300');
  expect(address).not.toContain(s3.credentials.secretAccessKey);
});

test('a sweep looks at all pages, gives up uploads that a crash left, and spares what is not ours', async () => {
  const { store, s3, age, count, scratchDir } = await make();
  for (let at = 0; at < 5; at++) await store.put(Readable.from([`lost ${at}`]), 100);
  for (let at = 0; at < 3; at++)
    s3.uploads.set(`upload-${at}`, { key: `team/files/${KEY}`, initiated: new Date(), parts: new Map() });
  s3.objects.set('team/files/notes.txt', { bytes: Buffer.from('mine'), modified: new Date(0) });
  s3.objects.set(KEY, { bytes: Buffer.from('of another prefix'), modified: new Date(0) });
  expect(await store.sweep(async () => false)).toBe(0);
  await age();
  const local = await store.local([...s3.objects.keys()][0]?.slice('team/files/'.length) as string);
  writeFileSync(`${local.path}.left`, 'by a crash');
  utimesSync(`${local.path}.left`, 1, 1);
  expect(await store.sweep(async () => false)).toBe(8);
  expect(await count()).toBe(2);
  expect(readdirSync(scratchDir)).toHaveLength(1);
});
