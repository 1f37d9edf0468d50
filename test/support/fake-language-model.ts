import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Dialect, type PromptSeen, wireOf } from './fake-model-wire.ts';

/** How one request is answered. */
export type Reply =
  /** Passed on in parts of a few characters; the usage is its number of words. */
  | { readonly kind: 'text'; readonly text: string; readonly finish?: 'stop' | 'length' | 'filtered' }
  /** Passed on as they come. */
  | { readonly kind: 'parts'; readonly parts: AsyncIterable<string> }
  /** An error status, in the provider's own shape of error. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** The provider's code for it, for example `insufficient_quota`. */
      readonly code?: string;
    }
  /** The connection is cut after so many parts of the text; 0 cuts it before the head of the answer. */
  | { readonly kind: 'cut'; readonly text: string; readonly afterParts: number }
  /** The stream ends in good order, but without the provider's closing event. */
  | { readonly kind: 'unfinished'; readonly text: string }
  /** The provider reports an error inside of a stream that had begun. */
  | { readonly kind: 'error-in-stream'; readonly text: string; readonly code: string }
  /** Status 200 and what is no JSON. */
  | { readonly kind: 'junk' }
  /** Nothing at all, until the client leaves. */
  | { readonly kind: 'silence' };

export interface RequestSeen extends PromptSeen {
  readonly dialect: Dialect;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As sent. */
  readonly body: unknown;
}

export interface FakeLanguageModel {
  /** Answers the next request and all after it: a text, or how to answer. `nth` counts from 0. */
  answer: (request: RequestSeen, nth: number) => string | Reply | Promise<string | Reply>;
  /** Before the first part, and between parts. */
  latency: { firstMs: number; betweenMs: number };
  readonly seen: readonly RequestSeen[];
  /** Generations that are neither answered to the end nor left by their client. */
  readonly active: number;
  /** The most there were at a time. */
  readonly mostActive: number;
  /** Requests whose client left before the end. */
  readonly left: number;
  readonly port: number;
  /** Where a client of that provider expects its API: `LLM_BASE_URL`. */
  baseUrl(dialect: Dialect): string;
  /** Resolves when `condition` holds; it is looked at after each request that comes, ends or is left. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** The only key that is taken. */
export const FAKE_KEY = 'fake-key';

/**
 * A server on loopback that speaks the wire formats of Gemini, OpenAI's chat completions and Anthropic's messages,
 * streamed, for the providers' real clients. What it answers is scripted.
 */
export async function startFakeLanguageModel({
  port = 0,
  answer = () => 'Yes.',
  models = ['fake-model'],
}: {
  readonly port?: number;
  readonly answer?: FakeLanguageModel['answer'];
  /** Others are unknown to it. */
  readonly models?: readonly string[];
} = {}): Promise<FakeLanguageModel> {
  const seen: RequestSeen[] = [];
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  let active = 0;
  let mostActive = 0;
  let left = 0;

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse) {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const wire = wireOf(path);
    const body = await readBody(request);
    if (wire === undefined) return send(response, 404, { error: { message: `nothing at ${path}` } });
    if (!wire.hasKey(request.headers, FAKE_KEY))
      return send(response, wire.keyFault.status, wire.keyFault.body);
    if (request.method === 'GET') {
      const list = wire.models(path, models);
      return list === undefined
        ? send(response, 404, wire.fault(404, 'model_not_found'))
        : send(response, 200, list);
    }
    const model = wire.modelOf(path, body);
    if (!models.includes(model)) return send(response, 404, wire.fault(404, 'model_not_found'));
    if (!wire.isStreamed(path, body)) return send(response, 400, wire.fault(400, 'ask_for_a_stream'));
    const asked: RequestSeen = {
      dialect: wire.dialect,
      headers: request.headers,
      body,
      ...wire.read(body),
      model,
    };
    seen.push(asked);
    active++;
    mostActive = Math.max(mostActive, active);
    const gone = new AbortController();
    response.once('close', () => {
      active--;
      if (!response.writableFinished) {
        left++;
        gone.abort();
      }
      changed();
    });
    changed();
    const reply = await fake.answer(asked, seen.length - 1);
    await respond(
      response,
      asked,
      typeof reply === 'string' ? { kind: 'text', text: reply } : reply,
      gone.signal,
    );
  }

  async function respond(response: ServerResponse, asked: RequestSeen, reply: Reply, gone: AbortSignal) {
    const wire = wireOf(asked.dialect);
    if (wire === undefined || reply.kind === 'silence') return;
    if (reply.kind === 'status')
      return send(response, reply.status, wire.fault(reply.status, reply.code), reply.headers);
    if (reply.kind === 'junk') return send(response, 200, '<html>It works!</html>', {}, 'text/html');
    if (reply.kind === 'cut' && reply.afterParts === 0) return void response.destroy();
    await wait(fake.latency.firstMs, gone);
    const { model } = asked;
    const usageOf = (text: string) => ({
      prompt: words(asked.system) + words(asked.prompt),
      completion: words(text),
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const write = (events: readonly string[]) => void response.write(events.join(''));
    write(wire.begin(model, usageOf('')));
    let text = '';
    let written = 0;
    for await (const part of reply.kind === 'parts' ? reply.parts : inParts(reply.text)) {
      if (reply.kind === 'cut' && written === reply.afterParts) break;
      if (written > 0) await wait(fake.latency.betweenMs, gone);
      if (gone.aborted) return;
      write(wire.part(model, part));
      text += part;
      written++;
    }
    if (reply.kind === 'cut') {
      // what was written must have left before the connection is torn
      await new Promise<void>((sent) => void response.write('\n', () => sent()));
      return void response.destroy();
    }
    if (reply.kind === 'error-in-stream') write(wire.errorInStream(reply.code));
    else if (reply.kind === 'text') write(wire.end(model, reply.finish ?? 'stop', usageOf(text)));
    else if (reply.kind === 'parts') write(wire.end(model, 'stop', usageOf(text)));
    response.end();
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const fake: FakeLanguageModel = {
    answer,
    latency: { firstMs: 0, betweenMs: 0 },
    seen,
    port: address.port,
    baseUrl: (dialect: Dialect) =>
      `http://127.0.0.1:${address.port}/${dialect === 'gemini' ? 'v1beta' : 'v1'}`,
    until: (condition: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!condition()) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    get active() {
      return active;
    },
    get mostActive() {
      return mostActive;
    },
    get left() {
      return left;
    },
  };
  return fake;
}

const inParts = (text: string): string[] => text.match(/.{1,12}/gsu) ?? [];

const words = (text: string): number => text.match(/\S+/gu)?.length ?? 0;

async function wait(ms: number, gone: AbortSignal): Promise<void> {
  if (ms > 0) await pause(ms, undefined, { signal: gone }).catch(() => {});
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? undefined : JSON.parse(text);
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  type = 'application/json',
): void {
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
