import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { createServer, type Installation, openInstallation } from './app.ts';
import { type Environment, readConfig } from './config.ts';
import type { HttpServer } from './http/server.ts';
import { createMetrics } from './metrics.ts';

/** The application as a function of requests, for platforms that own the server. */
export interface Handler {
  /** Streams both ways. The request's `signal` ends what it asked for. */
  fetch(request: Request): Promise<Response>;
  /** For `node:http`. */
  node(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Ends running requests and the state; the next call opens it again. */
  close(): Promise<void>;
}

interface Opened {
  readonly installation: Installation;
  readonly server: HttpServer;
}

/** Nothing is opened before the first call; calls side by side share one installation, later ones use it again. */
export function createHandler({ environment = process.env }: { environment?: Environment } = {}): Handler {
  let opened: Promise<Opened> | undefined;
  /** Two states at once would share one database file. */
  let closed: Promise<void> = Promise.resolve();
  const state = (): Promise<Opened> => {
    if (opened !== undefined) return opened;
    const opening = closed.then(() => open(environment));
    opened = opening;
    opening.catch(() => {
      // a database that was away may be there at the next call
      if (opened === opening) opened = undefined;
    });
    return opening;
  };
  return {
    async fetch(request) {
      const { server } = await state();
      const { pathname, search } = new URL(request.url);
      const answer = await server.app.inject({
        method: request.method as 'GET',
        url: pathname + search,
        headers: Object.fromEntries(request.headers),
        ...(request.body === null ? {} : { payload: Readable.fromWeb(request.body as ReadableStream) }),
        payloadAsStream: true,
        signal: request.signal,
      });
      const headers = new Headers();
      for (const [name, value] of Object.entries(answer.headers))
        for (const one of [value ?? []].flat()) headers.append(name, String(one));
      const empty = request.method === 'HEAD' || [204, 205, 304].includes(answer.statusCode);
      const body = empty
        ? null
        : (Readable.toWeb(answer.stream()) as ConstructorParameters<typeof Response>[0]);
      return new Response(body, { status: answer.statusCode, headers });
    },
    async node(request, response) {
      const { server } = await state();
      server.app.routing(request, response);
    },
    close() {
      const closing = opened;
      opened = undefined;
      closed = closed.then(async () => {
        const state = await closing?.catch(() => undefined);
        await state?.server.drain();
        await state?.installation.close();
      });
      return closed;
    },
  };
}

async function open(environment: Environment): Promise<Opened> {
  const installation = await openInstallation(readConfig(environment));
  try {
    const server = await createServer(installation, createMetrics());
    await installation.ready;
    return { installation, server };
  } catch (error) {
    await installation.close();
    throw error;
  }
}
