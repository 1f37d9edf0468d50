import { createServer, type Server } from 'node:http';
import type { Metrics } from '../metrics.ts';

/**
 * `GET /metrics` as Prometheus text, on a port of its own: it is for the operators' network, has no sign-in and
 * is not reached through the API's port.
 *
 * @returns not listening yet.
 */
export function createMetricsServer(metrics: Metrics): Server {
  return createServer(async (request, response) => {
    const found =
      request.url?.split('?', 1)[0] === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
    const text = found ? await metrics.prometheus() : 'not found\n';
    response.writeHead(found ? 200 : 404, {
      'content-type': found ? 'text/plain; version=0.0.4; charset=utf-8' : 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  });
}
