import { createServer, type Server } from 'node:http';

export interface MetricsSource {
  /** Prometheus text. */
  prometheus(): Promise<string>;
}

/**
 * `GET /metrics` as Prometheus text, `/health` and `/health/ready` for whoever watches a process that serves nothing else,
 * on a port of its own: it is for the operators' network, has no sign-in and is not reached through the API's port.
 *
 * @param isReady whether the process does its work.
 * @returns not listening yet.
 */
export function createMetricsServer(metrics: MetricsSource, isReady: () => boolean = () => true): Server {
  const answers: Readonly<Record<string, () => Promise<Reply>>> = {
    '/metrics': async () => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: await metrics.prometheus(),
    }),
    '/health': async () => asJson(200, { status: 'healthy', uptimeSeconds: Math.floor(process.uptime()) }),
    '/health/ready': async () =>
      isReady() ? asJson(200, { status: 'ready' }) : asJson(503, { status: 'not ready' }),
  };
  return createServer(async (request, response) => {
    const asked = request.method === 'GET' || request.method === 'HEAD';
    const answer = asked ? answers[request.url?.split('?', 1)[0] ?? ''] : undefined;
    const { status, type, text } = (await answer?.()) ?? NOT_FOUND;
    response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
    response.end(request.method === 'HEAD' ? undefined : text);
  });
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const asJson = (status: number, body: object): Reply => ({
  status,
  type: 'application/json; charset=utf-8',
  text: JSON.stringify(body),
});

const NOT_FOUND: Reply = { status: 404, type: 'text/plain; charset=utf-8', text: 'not found\n' };
