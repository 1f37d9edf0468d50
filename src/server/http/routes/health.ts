import type { FastifyRequest } from 'fastify';
import { detailedHealth, health, readiness } from '../../../contract/system.ts';
import type { App } from '../app-types.ts';
import { checkHealth } from '../health-checks.ts';
import type { Services } from '../services.ts';
import type { VitalsReader } from '../vitals.ts';

/** @param needAdmin refuses everybody else; who asks from this machine is not asked who they are. */
export function registerHealthRoutes(
  app: App,
  { version, health: sources, log }: Services,
  needAdmin: (request: FastifyRequest) => Promise<void>,
  vitals: VitalsReader,
): void {
  const open = { access: 'open', unlimited: true } as const;

  app.get('/health', { config: open, schema: { response: { 200: health } } }, (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { status: 'healthy' as const, uptimeSeconds: Math.round(process.uptime() * 10) / 10, version };
  });

  app.get(
    '/health/ready',
    { config: open, schema: { response: { 200: readiness, 503: readiness } } },
    (_request, reply) => {
      reply.header('cache-control', 'no-store');
      const status = app.draining.aborted ? 'draining' : sources.started() ? 'ready' : 'starting';
      if (status !== 'ready') reply.code(503).header('retry-after', 1);
      return { status } as const;
    },
  );

  app.get(
    '/health/detailed',
    { config: open, schema: { response: { 200: detailedHealth, 503: detailedHealth } } },
    async (request, reply) => {
      if (!fromThisMachine(request)) await needAdmin(request);
      const startedMs = performance.now();
      const [checked, metrics] = await Promise.all([checkHealth(sources.probes), vitals.read()]);
      const totalResponseTimeMs = Math.round((performance.now() - startedMs) * 100) / 100;
      if (checked.status !== 'healthy')
        log.warn('health', { status: checked.status, checks: checked.checks });
      reply.code(checked.status === 'unhealthy' ? 503 : 200).header('cache-control', 'no-store');
      return reply.send({ ...checked, metrics, totalResponseTimeMs });
    },
  );
}

/** By the connection itself. A proxy on this machine also connects from here, but says for whom it does. */
function fromThisMachine({ socket, headers }: FastifyRequest): boolean {
  const proxied = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'].some(
    (name) => headers[name] !== undefined,
  );
  return !proxied && /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
}
