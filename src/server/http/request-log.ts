import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../log.ts';

/**
 * Logs every request on the level `debug`, and slow ones with their stages on `warn`. Streams that follow something
 * are meant to last.
 *
 * @param slowMs undefined: none is slow.
 */
export function createRequestLog(
  log: Log,
  slowMs: number | undefined,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const threshold = slowMs ?? Number.POSITIVE_INFINITY;
  const debug = log.enabled('debug');
  return (request, reply) => {
    const slow = reply.elapsedTime >= threshold && !follows(request, reply);
    if (!slow && !debug) return;
    log[slow ? 'warn' : 'debug'](slow ? 'slow request' : 'request', {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: round(reply.elapsedTime),
      ...(slow ? { stages: stagesOf(request) } : {}),
    });
  };
}

const follows = (request: FastifyRequest, reply: FastifyReply): boolean =>
  request.method === 'GET' && String(reply.getHeader('content-type')).startsWith('text/event-stream');

const stagesOf = ({ stages = [] }: FastifyRequest): Record<string, number> =>
  Object.fromEntries(stages.map(({ name, ms }) => [`${name}Ms`, round(ms)]));

const round = (ms: number): number => Math.round(ms * 10) / 10;
