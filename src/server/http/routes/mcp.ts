import type { FastifyRequest } from 'fastify';
import { AppError } from '../../errors.ts';
import type { App } from '../app-types.ts';
import type { Ask } from '../asking.ts';
import { clientGone } from '../client-gone.ts';
import { documentLinks } from '../document-link.ts';
import type { LastHour } from '../last-hour.ts';
import { sendMcpError } from '../mcp/errors.ts';
import { knowledgeServer } from '../mcp/knowledge-server.ts';
import { ownPages } from '../mcp/own-pages.ts';
import { createTools } from '../mcp/tools.ts';
import type { Services } from '../services.ts';

/**
 * The Model Context Protocol over streamable HTTP, without sessions: every request is answered by itself, by
 * whichever process it reaches. There is nothing to follow, so `GET` and `DELETE` are told 405, as the protocol
 * provides for.
 */
export function registerMcpRoutes(app: App, services: Services, ask: Ask, lastHour: LastHour): void {
  const { config, log, version } = services;
  const tools = createTools(services, ask, lastHour);
  const refuseForeignPages = ownPages(config);

  app.post(
    '/mcp',
    {
      config: { access: 'read', hidden: true },
      onRequest: async (request) => refuseForeignPages(request),
      errorHandler: (error, request, reply) => sendMcpError(error, request, reply, log),
    },
    async (request, reply) => {
      // several calls in one request would pass the rate limit as one
      if (Array.isArray(request.body))
        throw new AppError('VALIDATION', 'Send one message a request: batches are not taken.');
      // 13 MB of memory and 55 ms that only those pay who are asked
      const { createMcpHandler, McpServer } = await import('@modelcontextprotocol/server');
      const call = { request, link: documentLinks(config, request), signal: clientGone(reply) };
      const handler = createMcpHandler(() => knowledgeServer(McpServer, { version, tools, call, log }), {
        // nothing here ever changes: streams that wait for it would be held for nothing
        maxSubscriptions: 0,
        onerror: (error) => log.debug('mcp', { requestId: request.id, error }),
      });
      const response = await handler.fetch(asWebRequest(request, call.signal), { parsedBody: request.body });
      return reply.send(response);
    },
  );
}

/** What the protocol looks at: method and headers; the body is parsed already. */
function asWebRequest({ protocol, host, method, headers }: FastifyRequest, signal: AbortSignal): Request {
  const address = `${protocol}://${host}/mcp`;
  return new Request(URL.canParse(address) ? address : 'http://localhost/mcp', {
    method,
    headers: Object.entries(headers).flatMap(([name, values = []]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    ),
    signal,
  });
}
