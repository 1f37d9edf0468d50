import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { json, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { UpstreamError } from '../errors.ts';

/** A service that speaks JSON over HTTP. Connections are kept, and node's own client is in memory anyway. */
export interface JsonService {
  /**
   * @param path below the service's address, with its query.
   * @returns the body of a 2xx answer.
   * @throws ServiceRefusal when the service says no, UpstreamError when it can't be asked; both after the
   *   repeats that promised anything. An abort throws the signal's reason.
   */
  call(method: Method, path: string, body?: unknown, options?: CallOptions): Promise<unknown>;
  /** The body of the answer as it comes; no time limit once it has begun. */
  download(path: string, signal?: AbortSignal): Promise<Readable>;
  /** Sends a body of any kind as it comes, once: a stream can't be repeated. */
  upload(path: string, body: Readable, headers: Readonly<Record<string, string>>): Promise<unknown>;
  close(): void;
}

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of one try. */
  readonly timeoutMs?: number;
  /** All in all. Only for what may be done twice. */
  readonly tries?: number;
}

/** An answer that is no 2xx. */
export class ServiceRefusal extends UpstreamError {
  readonly status: number;

  constructor(service: string, status: number, detail: string) {
    super(service, `${service} answered ${status}: ${detail}`, {
      retryable: status === 429 || status >= 500,
    });
    this.status = status;
  }
}

const TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 50;
const MOST_DETAIL_CHARS = 300;

export function createJsonService({
  name,
  url,
  headers = {},
}: {
  /** For errors. */
  name: string;
  url: string;
  headers?: Readonly<Record<string, string>>;
}): JsonService {
  const base = url.replace(/\/+$/, '');
  const secure = base.startsWith('https:');
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, scheduling: 'lifo' });
  const request = secure ? httpsRequest : httpRequest;

  async function send(
    method: Method,
    path: string,
    body: string | Readable | undefined,
    own: Readonly<Record<string, string | number>>,
    timeoutMs: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    const sent = request(`${base}${path}`, {
      method,
      agent,
      headers: { ...headers, ...own },
      ...(signal ? { signal } : {}),
    });
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    sent.once('response', resolve);
    sent.on('error', reject);
    if (body === undefined || typeof body === 'string') sent.end(body);
    else pipeline(body, sent).catch(reject);
    try {
      const answer = await promise;
      answer.once('close', () => clearTimeout(timer));
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) return answer;
      throw new ServiceRefusal(name, status, detailOf(await text(answer)));
    } catch (error) {
      clearTimeout(timer);
      signal?.throwIfAborted();
      if (error instanceof UpstreamError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      throw new UpstreamError(name, `${name} can't be reached: ${code ?? message}`, {
        retryable: true,
        cause: error,
      });
    }
  }

  async function readJson(answer: IncomingMessage): Promise<unknown> {
    try {
      return await json(answer);
    } catch (cause) {
      throw new UpstreamError(name, `${name} broke off its answer`, { retryable: true, cause });
    }
  }

  return {
    async call(method, path, body, { signal, timeoutMs = TIMEOUT_MS, tries = 3 } = {}) {
      signal?.throwIfAborted();
      const content = body === undefined ? undefined : JSON.stringify(body);
      const own =
        content === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) };
      for (let left = tries - 1, waitMs = FIRST_PAUSE_MS; ; left--, waitMs *= 4) {
        try {
          return await readJson(await send(method, path, content, own, timeoutMs, signal));
        } catch (error) {
          signal?.throwIfAborted();
          if (left <= 0 || !(error instanceof UpstreamError) || !error.retryable) throw error;
          await pause(waitMs * (0.5 + Math.random()), undefined, signal ? { signal } : {}).catch(() =>
            signal?.throwIfAborted(),
          );
        }
      }
    },
    download: (path, signal) => send('GET', path, undefined, {}, undefined, signal),
    async upload(path, body, own) {
      return readJson(await send('POST', path, body, own, undefined, undefined));
    },
    close: () => agent.destroy(),
  };
}

/** What a refusal says, short: bodies of other programs may be pages. */
function detailOf(body: string): string {
  try {
    const { status } = JSON.parse(body) as { status?: { error?: unknown } };
    if (typeof status?.error === 'string') return status.error.slice(0, MOST_DETAIL_CHARS);
  } catch {
    // no JSON
  }
  return body.slice(0, MOST_DETAIL_CHARS).replaceAll(/\s+/g, ' ');
}
