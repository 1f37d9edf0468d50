import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** One server-sent event; `data` is sent as JSON, which never holds a line break. */
export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id?: string;
}

const HEARTBEAT_MS = 15_000;

/**
 * Answers with the events as they come (WHATWG HTML 9.2) and ends with them. A comment goes out at once, so
 * that headers arrive before the first event, and then every 15 s, so that proxies keep the connection.
 *
 * @param events a generator that ends soon once `signal` aborts, which it does when the client leaves. What it
 * throws ends the stream: make an event of what the client shall see.
 */
export function sendEvents(
  reply: FastifyReply,
  events: (signal: AbortSignal) => AsyncIterable<ServerEvent>,
  heartbeatMs = HEARTBEAT_MS,
): FastifyReply {
  return sendAsEvents(reply, eventStream(events, heartbeatMs));
}

/**
 * `sendEvents` for protocols that know events by their data alone and end with data that is no JSON.
 *
 * @param data what each event says, without line breaks.
 */
export const sendUnnamedEvents = (
  reply: FastifyReply,
  data: (signal: AbortSignal) => AsyncIterable<string>,
): FastifyReply =>
  sendAsEvents(
    reply,
    pacedStream(data, (one) => `data: ${one}\n\n`, HEARTBEAT_MS),
  );

const sendAsEvents = (reply: FastifyReply, stream: Readable): FastifyReply =>
  reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(stream);

/** The bytes of `sendEvents`. A slow reader is waited for: the generator is asked only when there is room. */
export const eventStream = (
  events: (signal: AbortSignal) => AsyncIterable<ServerEvent>,
  heartbeatMs: number,
): Readable => pacedStream(events, encode, heartbeatMs);

function pacedStream<T>(
  events: (signal: AbortSignal) => AsyncIterable<T>,
  encode: (event: T) => string,
  heartbeatMs: number,
): Readable {
  const gone = new AbortController();
  let room = Promise.withResolvers<void>();
  const stream = new Readable({
    read: () => room.resolve(),
    destroy(error, done) {
      clearInterval(heartbeat);
      gone.abort();
      room.resolve();
      done(error);
    },
  });
  const heartbeat = setInterval(() => stream.push(':\n\n'), heartbeatMs).unref();
  const write = async () => {
    for await (const event of events(gone.signal)) {
      if (gone.signal.aborted) return;
      room = Promise.withResolvers();
      if (!stream.push(encode(event))) await room.promise;
    }
    clearInterval(heartbeat);
    stream.push(null);
  };
  stream.push(':\n\n');
  write().catch((error: unknown) => stream.destroy(gone.signal.aborted ? undefined : (error as Error)));
  return stream;
}

const encode = ({ event, data, id }: ServerEvent): string =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
