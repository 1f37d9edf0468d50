import type { IncomingMessage } from 'node:http';

/** Enough for most uploads to be sent to their end, so that clients which only then read see their answer. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_MS = 15_000;

/**
 * Reads and drops what is left of a request's body, within limits, then ends the connection. An answer that is
 * given while the body still comes is lost to many clients when the connection closes under their hands.
 */
export function discardLeftover(request: IncomingMessage, maxBytes = MAX_BYTES, maxMs = MAX_MS): void {
  if (request.readableEnded || request.destroyed) return;
  let bytes = 0;
  const end = () => void request.destroy();
  const timer = setTimeout(end, maxMs).unref();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) end();
  });
  request.on('error', () => {});
  request.once('close', () => clearTimeout(timer));
  request.resume();
}
