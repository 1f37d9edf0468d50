import type { FastifyRequest } from 'fastify';
import type { RequestSpan } from '../ports/tracer.ts';
import { tracing } from '../tracing.ts';
import type { App } from './app-types.ts';

/** A span for each request, around everything that is done for it; hooks are added only where spans are kept. */
export function traceRequests(app: App): void {
  const tracer = tracing();
  if (tracer === undefined) return;
  const spans = new WeakMap<FastifyRequest, RequestSpan>();
  app.addHook('onRequest', (request, _reply, done) => {
    const { traceparent } = request.headers;
    spans.set(request, tracer.request(typeof traceparent === 'string' ? traceparent : undefined, done));
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url;
    spans.get(request)?.end(`${request.method} ${route ?? 'unknown'}`, reply.statusCode >= 500, {
      'http.request.method': request.method,
      'http.route': route ?? 'unknown',
      'http.response.status_code': reply.statusCode,
      'ka.request_id': request.id,
    });
    done();
  });
}
