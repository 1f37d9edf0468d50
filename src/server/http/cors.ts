import type { FastifyReply, FastifyRequest } from 'fastify';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS =
  'authorization, content-type, accept, idempotency-key, last-event-id, x-request-id, range, mcp-protocol-version, mcp-method, mcp-name';
const EXPOSED = 'x-request-id, server-timing, retry-after, content-disposition, content-range';

/**
 * Lets the pages of the listed origins call the API.
 *
 * @returns true when the request was a preflight and has been answered.
 */
export function allowOrigin(
  origins: ReadonlySet<string>,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  const { origin } = request.headers;
  if (origins.size === 0 || origin === undefined) return false;
  reply.header('vary', 'origin');
  if (!origins.has(origin)) return false;
  reply
    .header('access-control-allow-origin', origin)
    .header('access-control-allow-credentials', 'true')
    .header('access-control-expose-headers', EXPOSED);
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
    return false;
  reply
    .code(204)
    .header('access-control-allow-methods', METHODS)
    .header('access-control-allow-headers', REQUEST_HEADERS)
    .header('access-control-max-age', '600')
    .send();
  return true;
}
