import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * A stand-in for S3 over real HTTP: the requests that the file store makes, by path (`/bucket/key`), with every
 * signature checked (version 4, in the header or in the address) and the SHA-256 of every body. It keeps everything in
 * memory, lists a few entries a page and refuses what it does not know; of S3's consistency and speed it proves nothing.
 */
export interface S3Double {
  readonly url: string;
  readonly bucket: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string | undefined };
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
  /** `METHOD /path?names-of-parameters` of every request. */
  readonly requests: string[];
  /** Bytes of all bodies that came. */
  received(): number;
  /** Answers so many requests that `matches` with this status first; 0 breaks the connection off instead. */
  fail(status: number, times: number, matches?: (request: string) => boolean): void;
  /** Sends no more than this of an object's bytes and breaks off, once. */
  breakOffAfter(bytes: number): void;
  close(): Promise<void>;
}

interface StoredObject {
  readonly bytes: Buffer;
  modified: Date;
}

interface Upload {
  readonly key: string;
  initiated: Date;
  readonly parts: Map<number, Buffer>;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Buffer;
}

const SMALLEST_PART = 5 * 1024 * 1024;
const PER_PAGE = 2;
const CLOCK_SKEW_MS = 900_000;
const EMPTY_SHA256 = createHash('sha256').digest('hex');

export async function startS3Double({
  bucket = 'documents',
  region = 'eu-central-1',
  sessionToken,
}: {
  bucket?: string;
  region?: string;
  sessionToken?: string;
} = {}): Promise<S3Double> {
  const credentials = {
    accessKeyId: 'AKIATEST',
    secretAccessKey: 'the secret/of+this test',
    sessionToken,
  };
  const objects = new Map<string, StoredObject>();
  const uploads = new Map<string, Upload>();
  const requests: string[] = [];
  const state = { received: 0, breakOffAfter: Number.POSITIVE_INFINITY, uploadNumber: 0 };
  let failing: { status: number; times: number; matches: (request: string) => boolean } | undefined;

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url as string, 'http://double');
    const { method = '' } = request;
    // the client notes the name of its operation there
    const names = [...url.searchParams.keys()].filter((name) => name !== 'x-id');
    const asked = `${method} ${decodeURIComponent(url.pathname)}${names.length === 0 ? '' : `?${names.join('&')}`}`;
    requests.push(asked);
    const bytes = await buffer(request);
    state.received += bytes.length;
    if (failing !== undefined && failing.times > 0 && failing.matches(asked)) {
      failing.times -= 1;
      throw new Refusal(failing.status, failing.status === 503 ? 'SlowDown' : 'InternalError');
    }
    checkSignature(request, url, bytes, { region, ...credentials });
    const [, askedBucket = '', ...rest] = url.pathname.split('/');
    if (askedBucket !== bucket) throw new Refusal(404, 'NoSuchBucket');
    const key = decodeURIComponent(rest.join('/'));
    return key === ''
      ? onBucket(method, url.searchParams)
      : onObject(method, key, url.searchParams, request, bytes);
  }

  function onBucket(method: string, query: URLSearchParams): Answer {
    if (method === 'HEAD') return {};
    if (method !== 'GET') throw new Refusal(405, 'MethodNotAllowed');
    const prefix = query.get('prefix') ?? '';
    if (query.has('uploads')) return listUploads(prefix, query.get('upload-id-marker') ?? '');
    if (query.get('list-type') !== '2') throw new Refusal(501, 'NotImplemented');
    const after = query.get('continuation-token') ?? '';
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
    const page = names.slice(0, PER_PAGE);
    const more = names.length > page.length;
    const contents = page.map((name) => {
      const { bytes, modified } = objects.get(name) as StoredObject;
      return `<Contents><Key>${escaped(name)}</Key><LastModified>${modified.toISOString()}</LastModified><Size>${bytes.length}</Size></Contents>`;
    });
    const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return xml(
      'ListBucketResult',
      `<IsTruncated>${more}</IsTruncated><KeyCount>${page.length}</KeyCount>${next}${contents.join('')}`,
    );
  }

  function listUploads(prefix: string, after: string): Answer {
    const ids = [...uploads]
      .filter(([id, { key }]) => key.startsWith(prefix) && id > after)
      .map(([id]) => id);
    const page = ids.sort().slice(0, PER_PAGE);
    const more = ids.length > page.length;
    const shown = page.map((id) => {
      const { key, initiated } = uploads.get(id) as Upload;
      return `<Upload><Key>${escaped(key)}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`;
    });
    const next = more
      ? `<NextKeyMarker>${escaped(uploads.get(page.at(-1) as string)?.key ?? '')}</NextKeyMarker><NextUploadIdMarker>${page.at(-1)}</NextUploadIdMarker>`
      : '';
    return xml('ListMultipartUploadsResult', `<IsTruncated>${more}</IsTruncated>${next}${shown.join('')}`);
  }

  function onObject(
    method: string,
    key: string,
    query: URLSearchParams,
    request: IncomingMessage,
    bytes: Buffer,
  ): Answer {
    const uploadId = query.get('uploadId');
    if (method === 'POST' && query.has('uploads')) {
      const id = `upload-${String(++state.uploadNumber).padStart(4, '0')}`;
      uploads.set(id, { key, initiated: new Date(), parts: new Map() });
      return xml('InitiateMultipartUploadResult', `<UploadId>${id}</UploadId>`);
    }
    if (uploadId !== null) return onUpload(method, key, uploadId, query, bytes);
    if (method === 'PUT') {
      objects.set(key, { bytes, modified: new Date() });
      return { headers: { etag: etag(bytes) } };
    }
    if (method === 'DELETE') {
      objects.delete(key);
      return { status: 204 };
    }
    const object = objects.get(key);
    if (object === undefined) throw new Refusal(404, 'NoSuchKey');
    if (method === 'GET') return part(object, request.headers.range, query);
    throw new Refusal(405, 'MethodNotAllowed');
  }

  function onUpload(method: string, key: string, id: string, query: URLSearchParams, bytes: Buffer): Answer {
    const upload = uploads.get(id);
    if (upload?.key !== key) throw new Refusal(404, 'NoSuchUpload');
    if (method === 'DELETE') {
      uploads.delete(id);
      return { status: 204 };
    }
    if (method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), bytes);
      return { headers: { etag: etag(bytes) } };
    }
    if (method !== 'POST') throw new Refusal(405, 'MethodNotAllowed');
    const named = [...bytes.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, inner = '']) => ({
      number: Number(/<PartNumber>(\d+)</.exec(inner)?.[1]),
      etag: /<ETag>(.*?)</.exec(inner)?.[1]?.replaceAll('&quot;', '"'),
    }));
    if (named.some(({ number }, at) => number !== at + 1)) throw new Refusal(400, 'InvalidPartOrder');
    const parts = named.map(({ number, etag: told }) => {
      const found = upload.parts.get(number);
      if (found === undefined || etag(found) !== told) throw new Refusal(400, 'InvalidPart');
      return found;
    });
    if (parts.length === 0) throw new Refusal(400, 'MalformedXML');
    if (parts.slice(0, -1).some(({ length }) => length < SMALLEST_PART))
      throw new Refusal(400, 'EntityTooSmall');
    objects.set(key, { bytes: Buffer.concat(parts), modified: new Date() });
    uploads.delete(id);
    return xml('CompleteMultipartUploadResult', `<Key>${escaped(key)}</Key>`);
  }

  function part(
    { bytes, modified }: StoredObject,
    range: string | undefined,
    query: URLSearchParams,
  ): Answer {
    const headers = {
      etag: etag(bytes),
      'last-modified': modified.toUTCString(),
      'content-type': query.get('response-content-type') ?? 'binary/octet-stream',
      ...(query.has('response-content-disposition')
        ? { 'content-disposition': query.get('response-content-disposition') as string }
        : {}),
    };
    if (range === undefined) return { headers, body: bytes };
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
    if (from === undefined || Number(from) >= bytes.length) throw new Refusal(416, 'InvalidRange');
    const end = Math.min(Number(to), bytes.length - 1);
    return {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${from}-${end}/${bytes.length}` },
      body: bytes.subarray(Number(from), end + 1),
    };
  }

  function send(response: ServerResponse, { status = 200, headers = {}, body = '' }: Answer): void {
    const length = Buffer.byteLength(body);
    response.writeHead(status, status === 204 ? headers : { ...headers, 'content-length': length });
    if (Buffer.isBuffer(body) && body.length > state.breakOffAfter) {
      response.write(body.subarray(0, state.breakOffAfter), () => response.destroy());
      state.breakOffAfter = Number.POSITIVE_INFINITY;
    } else response.end(body);
  }

  const server: Server = createServer((request, response) => {
    answer(request).then(
      (given) => send(response, given),
      (error: unknown) => {
        if (error instanceof Refusal && error.status === 0) response.destroy();
        else if (error instanceof Refusal)
          send(response, { ...xml('Error', `<Code>${error.code}</Code>`), status: error.status });
        // the client has gone
        else response.destroy();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket,
    credentials,
    objects,
    uploads,
    requests,
    received: () => state.received,
    fail(status, times, matches = () => true) {
      failing = { status, times, matches };
    },
    breakOffAfter(bytes) {
      state.breakOffAfter = bytes;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Signature version 4, from the description of the protocol. @throws Refusal as S3 does */
function checkSignature(
  request: IncomingMessage,
  url: URL,
  bytes: Buffer,
  known: { region: string; accessKeyId: string; secretAccessKey: string; sessionToken: string | undefined },
): void {
  const { headers } = request;
  const inAddress = url.searchParams.has('X-Amz-Signature');
  const told = inAddress ? inQuery(url.searchParams) : inHeader(headers);
  const [accessKeyId, day = '', region, service, ending] = told.credential.split('/');
  if (accessKeyId !== known.accessKeyId) throw new Refusal(403, 'InvalidAccessKeyId');
  if (region !== known.region || service !== 's3' || ending !== 'aws4_request')
    throw new Refusal(400, 'AuthorizationHeaderMalformed');
  if (told.token !== known.sessionToken) throw new Refusal(400, 'InvalidToken');
  const signed = told.signedHeaders.split(';');
  const mustSign = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (mustSign.some((name) => !signed.includes(name))) throw new Refusal(403, 'AccessDenied');

  const signedAt = Date.parse(told.date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const late = Date.now() - signedAt;
  if (inAddress && late > told.expiresMs) throw new Refusal(403, 'AccessDenied');
  if (!inAddress && !(Math.abs(late) < CLOCK_SKEW_MS)) throw new Refusal(403, 'RequestTimeTooSkewed');

  const body = createHash('sha256').update(bytes).digest('hex');
  const bodyHash = inAddress ? 'UNSIGNED-PAYLOAD' : headers['x-amz-content-sha256'];
  if (!inAddress && bodyHash !== body) throw new Refusal(400, 'XAmzContentSHA256Mismatch');
  if (inAddress && body !== EMPTY_SHA256) throw new Refusal(400, 'InvalidRequest');

  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${strictly(name)}=${strictly(value)}`)
    .sort()
    .join('&');
  const head = signed.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}\n`).join('');
  const canonical = [request.method, url.pathname, query, head, told.signedHeaders, bodyHash].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', told.date, scope, digest].join('\n');
  const hmac = (key: string | Buffer, value: string) => createHmac('sha256', key).update(value).digest();
  const signingKey = [day, known.region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (key, value) => hmac(key, value),
    `AWS4${known.secretAccessKey}`,
  );
  if (hmac(signingKey, text).toString('hex') !== told.signature)
    throw new Refusal(403, 'SignatureDoesNotMatch');
}

interface ToldSignature {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly token: string | undefined;
  readonly expiresMs: number;
}

function inHeader(headers: IncomingMessage['headers']): ToldSignature {
  const [, credential = '', signedHeaders = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=(\S+), ?SignedHeaders=(\S+), ?Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  if (signature === '') throw new Refusal(403, 'AccessDenied');
  const date = String(headers['x-amz-date']);
  const token = headers['x-amz-security-token'] as string | undefined;
  return { credential, signedHeaders, signature, date, token, expiresMs: 0 };
}

function inQuery(query: URLSearchParams): ToldSignature {
  const of = (name: string) => query.get(`X-Amz-${name}`) ?? '';
  return {
    credential: of('Credential'),
    signedHeaders: of('SignedHeaders'),
    signature: of('Signature'),
    date: of('Date'),
    token: query.get('X-Amz-Security-Token') ?? undefined,
    expiresMs: Number(of('Expires')) * 1000,
  };
}

const strictly = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const etag = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`;
const xml = (name: string, inner: string): Answer => ({
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</${name}>`,
});
