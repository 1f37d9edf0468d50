import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CompletedPart, GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { AppError, UpstreamError } from '../../errors.ts';
import type { FileStore } from '../../ports/file-store.ts';
import { measured } from './measured.ts';
import { isKey, newKey, randomDigits, SWEEP_AGE_MS } from './stored-key.ts';

export interface S3Options {
  readonly bucket: string;
  /** Before each key, without slashes at its ends; empty: none. */
  readonly prefix: string;
  readonly region: string;
  /** Undefined: Amazon's own. Any other service is addressed by path, not by a host name for each bucket. */
  readonly endpoint: string | undefined;
  /** Undefined: where Amazon's client finds them by itself (a role of the machine, the pod or the task; a profile). */
  readonly credentials:
    | {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken: string | undefined;
      }
    | undefined;
  /** Whether `link` gives addresses. */
  readonly presigned: boolean;
  /** Where files are kept while they are read by path. */
  readonly scratchDir: string;
}

/**
 * The smallest part that S3 takes but for the last: a file that is stored holds this much memory, twice for a moment.
 * With the 10,000 parts that S3 takes it makes 50 GB, five times the largest upload that can be set.
 */
const PART_BYTES = 5 * 1024 * 1024;
const LINK_SECONDS = 300;
const CONNECT_MS = 3_000;
/** Until an answer begins. A part of 5 MB goes at 170 kB/s in it. */
const ANSWER_MS = 30_000;
/** Within an answer. Whoever stops reading a download for so long goes on by range. */
const SILENCE_MS = 60_000;
/** Downloads that their readers leave standing hold a connection each and must not keep uploads waiting. */
const MOST_CONNECTIONS = 256;

type Sdk = typeof import('@aws-sdk/client-s3');

/** Files in a bucket of Amazon S3 or a service that speaks its protocol, as `prefix/<key>`. */
export function createS3FileStore(options: S3Options, { sweepAgeMs = SWEEP_AGE_MS } = {}): FileStore {
  const { bucket: Bucket, prefix, scratchDir } = options;
  let opened: Promise<{ sdk: Sdk; client: S3Client }> | undefined;
  const open = () => {
    opened ??= connect(options);
    return opened;
  };
  const nameOf = (key: string): string => {
    randomDigits(key);
    return prefix === '' ? key : `${prefix}/${key}`;
  };
  const keyIn = (name: string): string => name.slice(prefix === '' ? 0 : prefix.length + 1);
  const Prefix = prefix === '' ? undefined : `${prefix}/`;

  async function get(key: string, range?: { start: number; end: number }): Promise<GetObjectCommandOutput> {
    const Key = nameOf(key);
    const { sdk, client } = await open();
    return await client
      .send(
        new sdk.GetObjectCommand({
          Bucket,
          Key,
          ...(range ? { Range: `bytes=${range.start}-${range.end}` } : {}),
        }),
      )
      .catch((error: unknown) => {
        throw fault(error);
      });
  }

  async function remove(key: string): Promise<void> {
    const Key = nameOf(key);
    const { sdk, client } = await open();
    await client.send(new sdk.DeleteObjectCommand({ Bucket, Key })).catch((error: unknown) => {
      throw fault(error);
    });
  }

  /** One request for a file that fits into a part, else part after part: S3 shows the file when the last has come. */
  async function send(Key: string, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    const { sdk, client } = await open();
    const asked = signal ? { abortSignal: signal } : {};
    let uploadId: string | undefined;
    const done: CompletedPart[] = [];
    const sendPart = async (Body: Buffer) => {
      uploadId ??= (await client.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key }), asked)).UploadId;
      const PartNumber = done.length + 1;
      const part = { Bucket, Key, UploadId: uploadId, PartNumber };
      const { ETag } = await client.send(new sdk.UploadPartCommand({ ...part, Body }), asked);
      done.push({ PartNumber, ETag });
    };
    try {
      let held: Uint8Array[] = [];
      let heldBytes = 0;
      for await (const some of bytes) {
        held.push(some);
        heldBytes += some.byteLength;
        if (heldBytes < PART_BYTES) continue;
        const Body = Buffer.concat(held);
        held = [];
        heldBytes = 0;
        await sendPart(Body);
      }
      const last = Buffer.concat(held);
      if (uploadId === undefined) {
        await client.send(new sdk.PutObjectCommand({ Bucket, Key, Body: last }), asked);
        return;
      }
      if (heldBytes > 0) await sendPart(last);
      const MultipartUpload = { Parts: done };
      const whole = { Bucket, Key, UploadId: uploadId, MultipartUpload };
      await client.send(new sdk.CompleteMultipartUploadCommand(whole), asked);
    } catch (error) {
      // what can't be given up now is swept later
      if (uploadId !== undefined)
        await client
          .send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId: uploadId }))
          .catch(() => {});
      throw error;
    }
  }

  async function* list(): AsyncGenerator<{ key: string; storedAt: Date }> {
    const { sdk, client } = await open();
    const paginator = sdk.paginateListObjectsV2({ client }, { Bucket, Prefix });
    for await (const { Contents = [] } of paginator) {
      for (const { Key = '', LastModified } of Contents) {
        const key = keyIn(Key);
        if (isKey(key) && LastModified !== undefined) yield { key, storedAt: LastModified };
      }
    }
  }

  async function sweepObjects(isKnown: (key: string) => Promise<boolean>, before: number): Promise<number> {
    let removed = 0;
    for await (const { key, storedAt } of list()) {
      if (storedAt.getTime() > before || (await isKnown(key))) continue;
      await remove(key);
      removed += 1;
    }
    return removed;
  }

  async function sweepUploads(before: number): Promise<number> {
    const { sdk, client } = await open();
    let removed = 0;
    let at: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (;;) {
      const page = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix, ...at }));
      for (const { Key = '', UploadId, Initiated } of page.Uploads ?? []) {
        if (!isKey(keyIn(Key)) || Initiated === undefined || Initiated.getTime() > before) continue;
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
        removed += 1;
      }
      if (page.IsTruncated !== true) return removed;
      at = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
  }

  return {
    async put(content, maxBytes, signal, key = newKey()) {
      const { bytes, total } = measured(content, maxBytes, signal);
      try {
        signal?.throwIfAborted();
        await send(nameOf(key), bytes, signal);
        return { key, ...total() };
      } catch (error) {
        // the fault of whoever sends the file is not S3's
        const theirs = error === content.errored;
        content.destroy();
        signal?.throwIfAborted();
        throw theirs ? error : fault(error);
      }
    },

    async read(key, range) {
      return (await get(key, range)).Body as Readable;
    },

    async local(key) {
      const { Body } = await get(key);
      await mkdir(scratchDir, { recursive: true, mode: 0o700 });
      const path = join(scratchDir, `${key}.${randomUUID()}`);
      try {
        await pipeline(Body as Readable, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      } catch (error) {
        await rm(path, { force: true });
        throw fault(error);
      }
      return { path, release: () => rm(path, { force: true }) };
    },

    remove,

    async link(key, { disposition, mimeType }) {
      if (!options.presigned) return undefined;
      const Key = nameOf(key);
      const [{ sdk, client }, { getSignedUrl }] = await Promise.all([
        open(),
        import('@aws-sdk/s3-request-presigner'),
      ]);
      const command = new sdk.GetObjectCommand({
        Bucket,
        Key,
        ResponseContentDisposition: disposition,
        ResponseContentType: mimeType,
        ResponseCacheControl: 'private, no-cache',
      });
      return await getSignedUrl(client, command, { expiresIn: LINK_SECONDS });
    },

    async *list() {
      try {
        yield* list();
      } catch (error) {
        throw fault(error);
      }
    },

    async check(signal) {
      const { sdk, client } = await open();
      await client
        .send(new sdk.HeadBucketCommand({ Bucket }), signal ? { abortSignal: signal } : {})
        .catch((error: unknown) => {
          if ((error as SdkError).$metadata?.httpStatusCode === 404)
            throw new UpstreamError('storage', `S3 has no bucket ${Bucket}: make it, or mend STORAGE_URL`, {
              retryable: false,
              cause: error,
            });
          throw fault(error);
        });
      return `S3, bucket ${Bucket}`;
    },

    close() {
      void opened?.then(({ client }) => client.destroy()).catch(() => {});
    },

    async sweep(isKnown) {
      const before = Date.now() - sweepAgeMs;
      await sweepScratch(scratchDir, before);
      try {
        return (await sweepObjects(isKnown, before)) + (await sweepUploads(before));
      } catch (error) {
        throw fault(error);
      }
    },
  };
}

/** The client with its 37 MB is loaded by the first request: an installation that keeps files on disk never does. */
async function connect({
  region,
  endpoint,
  credentials,
}: S3Options): Promise<{ sdk: Sdk; client: S3Client }> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: credentials.accessKeyId,
            secretAccessKey: credentials.secretAccessKey,
            ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
          },
        }),
    maxAttempts: 3,
    // the signature covers the body's SHA-256; other services refuse the checksum headers that Amazon's client adds
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
      socketTimeout: SILENCE_MS,
      httpAgent: { keepAlive: true, maxSockets: MOST_CONNECTIONS },
      httpsAgent: { keepAlive: true, maxSockets: MOST_CONNECTIONS },
    },
  });
  return { sdk, client };
}

interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly code?: string;
}

const BROKEN_CONNECTION = /^(?:ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENET|ERR_STREAM_PREMATURE_CLOSE)/;

/** What a refusal or a broken connection is to those who asked. */
function fault(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const { name, code, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  if (name === 'NoSuchKey')
    return new AppError('FILE_MISSING', 'The stored file is missing.', { cause: error });
  if (status !== undefined)
    return new UpstreamError('storage', `S3 answered ${status} ${name}`, {
      retryable: status === 429 || status >= 500,
      cause: error,
    });
  if (name === 'TimeoutError' || (code !== undefined && BROKEN_CONNECTION.test(code)))
    return new UpstreamError('storage', `S3 can't be reached: ${code ?? name}`, {
      retryable: true,
      cause: error,
    });
  if (name === 'CredentialsProviderError')
    return new UpstreamError(
      'storage',
      'S3 needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role',
      { retryable: false, cause: error },
    );
  return error;
}

/** Files that a crash left while they were read by path. */
async function sweepScratch(folder: string, before: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < before) await rm(path, { force: true });
  }
}
