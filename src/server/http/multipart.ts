import { Readable } from 'node:stream';
import { AppError } from '../errors.ts';

/** One part of a form, in the order of arrival. */
export type FormPart = FormField | FormFile;

export interface FormField {
  readonly kind: 'field';
  readonly name: string;
  readonly value: string;
}

export interface FormFile {
  readonly kind: 'file';
  readonly name: string;
  /** As the client sent it: nothing about it may be trusted. */
  readonly filename: string;
  readonly mimeType: string | undefined;
  /** Ends with the part; what is not read is skipped when the next part is asked for. */
  readonly content: Readable;
}

const MAX_HEADER_BYTES = 32 * 1024;
const MAX_FIELD_BYTES = 64 * 1024;
const MAX_FIELDS = 100;

/**
 * Reads a `multipart/form-data` body as it arrives (RFC 7578). The body is read only as fast as the parts are,
 * and nothing but one chunk and one part's headers is held in memory.
 *
 * @throws AppError MALFORMED_BODY when the body ends early or is no such form, BODY_TOO_LARGE for headers or
 * fields out of proportion.
 */
export async function* readMultipart(body: Readable, contentType: string): AsyncGenerator<FormPart> {
  const boundary = parameters(contentType).get('boundary');
  if (!/^multipart\/form-data\b/i.test(contentType) || boundary === undefined || boundary.length > 200) {
    throw new AppError('MALFORMED_BODY', 'Send a multipart/form-data body with a boundary.');
  }
  const source = new Source(body);
  try {
    yield* readParts(source, boundary);
  } finally {
    source.leave();
  }
}

async function* readParts(source: Source, boundary: string): AsyncGenerator<FormPart> {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  // the first delimiter stands at the very start, without the line break that is part of all others
  source.prepend(Buffer.from('\r\n'));
  for await (const _ of source.until(delimiter));
  for (let fields = 0; ; ) {
    const closing = await source.collect(Buffer.from('\r\n'), 256, true);
    if (closing === undefined || closing.startsWith('--')) return;
    const headers = readHeaders(await source.collect(Buffer.from('\r\n\r\n'), MAX_HEADER_BYTES));
    const disposition = parameters(headers.get('content-disposition') ?? '');
    const name = disposition.get('name') ?? '';
    const filename = disposition.get('filename');
    if (filename === undefined) {
      if (++fields > MAX_FIELDS)
        throw new AppError('BODY_TOO_LARGE', `The form has more than ${MAX_FIELDS} fields.`);
      yield { kind: 'field', name, value: await source.collect(delimiter, MAX_FIELD_BYTES) };
      continue;
    }
    const pieces = source.until(delimiter);
    const content = Readable.from(pieces, { objectMode: false });
    // an error after the reader has left has nobody to tell
    content.on('error', () => {});
    const mimeType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
    yield { kind: 'file', name, filename, mimeType, content };
    content.destroy();
    await source.skipRest(delimiter);
  }
}

/** The body's bytes with one chunk of look-ahead. */
class Source {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);
  /** A delimited stretch has begun and its end was not reached. */
  #open = false;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(body: Readable) {
    // a request that is destroyed takes its connection, and so its answer, with it
    this.#chunks = body.iterator({ destroyOnReturn: false });
  }

  /** Lets go of the body; a read that still waits for the client is not waited for. */
  leave(): void {
    this.#chunks.return?.().catch(() => {});
  }

  prepend(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  /** The bytes before the next `delimiter`, which is consumed too. */
  until(delimiter: Buffer): AsyncGenerator<Buffer> {
    // at once, not at the first read: a stretch that nobody reads has to be skipped too
    this.#open = true;
    return this.#pieces(delimiter);
  }

  async *#pieces(delimiter: Buffer): AsyncGenerator<Buffer> {
    while (this.#open) {
      const piece = await this.#piece(delimiter);
      if (piece.length > 0) yield piece;
    }
  }

  async skipRest(delimiter: Buffer): Promise<void> {
    await this.#reading.catch(() => {});
    while (this.#open) await this.#piece(delimiter);
  }

  /** What stands before `delimiter` as text; undefined when the body ends first and `endAllowed`. */
  async collect(delimiter: Buffer, maxBytes: number): Promise<string>;
  async collect(delimiter: Buffer, maxBytes: number, endAllowed: true): Promise<string | undefined>;
  async collect(delimiter: Buffer, maxBytes: number, endAllowed = false): Promise<string | undefined> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    this.#open = true;
    while (this.#open) {
      // the closing delimiter may end the body without a line break
      if (endAllowed && this.#held.length >= 2 && this.#held.subarray(0, 2).equals(DASHES)) return '--';
      const piece = await this.#piece(delimiter);
      bytes += piece.length;
      if (bytes > maxBytes)
        throw new AppError('BODY_TOO_LARGE', 'A header or field of the form is too long.');
      pieces.push(piece);
    }
    return decode(Buffer.concat(pieces));
  }

  #piece(delimiter: Buffer): Promise<Buffer> {
    const reading = this.#readPiece(delimiter);
    this.#reading = reading;
    return reading;
  }

  async #readPiece(delimiter: Buffer): Promise<Buffer> {
    const at = this.#held.indexOf(delimiter);
    if (at >= 0) {
      const piece = this.#held.subarray(0, at);
      this.#held = this.#held.subarray(at + delimiter.length);
      this.#open = false;
      return piece;
    }
    // the tail may be the beginning of the delimiter
    const safe = Math.max(0, this.#held.length - delimiter.length + 1);
    const piece = this.#held.subarray(0, safe);
    const tail = this.#held.subarray(safe);
    const next = await this.#chunks.next().catch((cause: unknown) => {
      throw new AppError('MALFORMED_BODY', 'The upload was broken off.', { cause });
    });
    if (next.done) {
      this.#open = false;
      throw new AppError('MALFORMED_BODY', 'The form ends in the middle of a part.');
    }
    this.#held = tail.length === 0 ? next.value : Buffer.concat([tail, next.value]);
    return piece;
  }
}

const DASHES = Buffer.from('--');
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** UTF-8 as every current client sends it, else Latin-1: a name that is shown wrongly beats a lost upload. */
function decode(bytes: Buffer): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

function readHeaders(block: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of block.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

/**
 * The parameters of a header value. Reads names as browsers write them (`%22`, `%0D` and `%0A` for a quote and
 * line breaks, WHATWG HTML 4.10.22.8), as curl does (backslashes) and in RFC 8187 form, which wins.
 */
function parameters(value: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, plain = ''] of value.matchAll(
    /;\s*([\w*-]+)\s*=\s*(?:"((?:\\["\\]|[^"])*)"?|([^;]*))/g,
  )) {
    const key = name.toLowerCase();
    if (key.endsWith('*')) {
      const encoded = /^utf-8'[^']*'(.*)$/i.exec(plain.trim())?.[1];
      const decoded = encoded === undefined ? undefined : percentDecoded(encoded);
      if (decoded !== undefined) found.set(key.slice(0, -1), decoded);
    } else if (!found.has(key)) {
      const text = quoted === undefined ? plain.trim() : quoted.replace(/\\(["\\])/g, '$1');
      found.set(
        key,
        text.replace(/%(22|0[ad])/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16))),
      );
    }
  }
  return found;
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
