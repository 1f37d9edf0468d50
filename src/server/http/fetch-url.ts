import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import { AppError } from '../errors.ts';
import { isPublicAddress } from './public-address.ts';

export interface FetchedPage {
  /** After redirects. */
  readonly url: URL;
  readonly mimeType: string | undefined;
  readonly charset: string | undefined;
  /** Decoded bytes. Fails with AppError URL_FETCH_FAILED; whoever takes it bounds its size. */
  readonly content: Readable;
}

export interface FetchGuard {
  /** All addresses of a host name. */
  readonly resolve: (hostname: string) => Promise<readonly string[]>;
  readonly isAllowed: (address: string) => boolean;
  readonly timeoutMs: number;
}

const PUBLIC_INTERNET: FetchGuard = {
  resolve: async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address),
  isAllowed: isPublicAddress,
  timeoutMs: 30_000,
};
const MAX_REDIRECTS = 5;
/** Types that some parser may read; a server that does not know sends octet-stream or none. */
const READABLE =
  /^(?:text\/.+|message\/rfc822|application\/(?:pdf|json|.+\+json|xml|.+\+xml|rtf|msword|epub\+zip|octet-stream|vnd\.(?:ms-|openxmlformats-|oasis\.).+))$/;

/**
 * Gets one page from the public internet on behalf of a user who must not reach ours. One parser reads the
 * address for the check and for the request; every address of the host must be public; the connection goes to
 * the address that was checked, whatever the name resolves to by then; every redirect is checked the same.
 *
 * @throws AppError URL_NOT_ALLOWED, URL_FETCH_FAILED, UNSUPPORTED_FORMAT
 */
export async function fetchPage(
  address: string,
  signal: AbortSignal,
  guard: FetchGuard = PUBLIC_INTERNET,
): Promise<FetchedPage> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(guard.timeoutMs)]);
  let url = readUrl(address);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await request(url, await checkedAddress(url, guard, deadline), deadline);
    const { statusCode: status = 0, headers } = response;
    if ([301, 302, 303, 307, 308].includes(status) && headers.location !== undefined) {
      response.destroy();
      url = readUrl(headers.location, url);
      continue;
    }
    try {
      if (status < 200 || status > 299) throw failed(`The server answered ${status}.`);
      const [mimeType, ...rest] = (headers['content-type'] ?? '').toLowerCase().split(';');
      const type = mimeType?.trim() || undefined;
      if (type !== undefined && !READABLE.test(type))
        throw new AppError(
          'UNSUPPORTED_FORMAT',
          `The address gives ${type.slice(0, 100)}, which holds no text to read.`,
        );
      const charset = /charset\s*=\s*"?([\w-]+)/.exec(rest.join(';'))?.[1];
      return { url, mimeType: type, charset, content: contentOf(response) };
    } catch (error) {
      response.destroy();
      throw error;
    }
  }
  throw failed(`The address redirects more than ${MAX_REDIRECTS} times.`);
}

const TOO_LONG = 'The server took too long to answer.';
const refused = (why: string) =>
  new AppError('URL_NOT_ALLOWED', why, { fields: [{ path: 'url', message: why }] });
const failed = (why: string, cause?: unknown) => new AppError('URL_FETCH_FAILED', why, { cause });

function readUrl(text: string, base?: URL): URL {
  const url = URL.parse(text.trim(), base?.href);
  if (url === null) throw refused('The address is not a valid URL.');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused('Only http and https addresses are fetched.');
  if (url.username !== '' || url.password !== '')
    throw refused('The address may not hold a user name or password.');
  return url;
}

/** The address to connect to. One that is not allowed spoils all: the name may not lead there at all. */
async function checkedAddress(
  url: URL,
  { resolve, isAllowed }: FetchGuard,
  signal: AbortSignal,
): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses =
    isIP(host) === 0
      ? await Promise.race([resolve(host), aborted(signal)]).catch((cause: unknown) => {
          if (signal.aborted) throw failed(TOO_LONG, cause);
          throw failed('The name of the server is not known.', cause);
        })
      : [host];
  const [first] = addresses;
  if (first === undefined) throw failed('The name of the server is not known.');
  if (!addresses.every(isAllowed)) throw refused('The address does not belong to the public internet.');
  return first;
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

function request(url: URL, address: string, signal: AbortSignal): Promise<http.IncomingMessage> {
  const family = isIP(address);
  const pinned: LookupFunction = (_host, options, done) =>
    options.all ? done(null, [{ address, family }]) : done(null, address, family);
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === 'https:' ? https : http).request(url, {
      agent: false,
      lookup: pinned,
      signal,
      headers: {
        accept: 'text/html, application/xhtml+xml, application/pdf, text/*;q=0.9, */*;q=0.5',
        'accept-encoding': 'gzip, deflate, br',
        'user-agent': 'KnowledgeAssistant',
      },
    });
    outgoing.once('response', (response) => {
      // one that breaks before anybody reads it has nobody to tell yet; reading it tells
      response.on('error', () => {});
      resolve(response);
    });
    outgoing.on('error', (cause) => reject(failed(reason(cause, signal), cause)));
    outgoing.end();
  });
}

function contentOf(response: http.IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.toLowerCase();
  const decoder =
    encoding === 'br'
      ? createBrotliDecompress()
      : encoding === 'gzip' || encoding === 'deflate'
        ? createUnzip()
        : undefined;
  if (encoding !== undefined && encoding !== 'identity' && decoder === undefined)
    throw failed('The server answered in an encoding that was not asked for.');
  // the decoder is destroyed with the response's error, so that reading it shows the fault
  const bytes = decoder === undefined ? response : pipeline(response, decoder, () => {});
  const content = Readable.from(named(bytes), { objectMode: false });
  // when the reader leaves, the connection has no use any more
  content.once('close', () => response.destroy());
  return content;
}

async function* named(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (cause) {
    throw failed('The connection ended before the page was whole.', cause);
  }
}

const reason = (cause: Error, signal: AbortSignal): string =>
  signal.aborted
    ? TOO_LONG
    : cause.message.includes('certificate')
      ? "The server's certificate is not valid."
      : 'No connection to the server came about.';
