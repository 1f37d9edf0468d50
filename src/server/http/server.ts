import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { AppError } from '../errors.ts';
import { pruneAudit } from '../records/audit.ts';
import { pruneIdempotent } from '../records/idempotency.ts';
import { pruneSessions } from '../records/sessions.ts';
import type { App } from './app-types.ts';
import { createAsking } from './asking.ts';
import { accessHook } from './auth.ts';
import { allowOrigin } from './cors.ts';
import { createCredentials } from './credentials.ts';
import { holdKeys, idempotencyHooks } from './idempotency.ts';
import { createLastHour } from './last-hour.ts';
import { createOpenApi } from './openapi.ts';
import { problemOf, sendProblem } from './problem.ts';
import { readingFrom } from './reading-from.ts';
import { createRequestLog } from './request-log.ts';
import { createRouteTable } from './route-table.ts';
import { registerAdminRoutes } from './routes/admin.ts';
import { registerApiKeyRoutes } from './routes/api-keys.ts';
import { registerAuthRoutes } from './routes/auth.ts';
import { registerCollectionRoutes } from './routes/collections.ts';
import { registerConversationRoutes } from './routes/conversations.ts';
import { registerDashboardRoutes } from './routes/dashboard.ts';
import { registerDocumentRoutes } from './routes/documents.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { registerMcpRoutes } from './routes/mcp.ts';
import { registerMeRoutes } from './routes/me.ts';
import { registerMetaRoutes } from './routes/meta.ts';
import { registerOpenAiRoutes } from './routes/openai.ts';
import { registerQueryRoutes } from './routes/query.ts';
import { registerSearchRoutes } from './routes/search.ts';
import { registerTaskRoutes } from './routes/tasks.ts';
import { registerUploadRoutes } from './routes/uploads.ts';
import type { Services } from './services.ts';
import { serverTiming } from './timing.ts';
import { traceRequests } from './trace-requests.ts';
import { createVitals } from './vitals.ts';
import { watchServer } from './watch-server.ts';
import { createWebApp } from './web-app.ts';

export interface HttpServer {
  /** For tests (`inject`). */
  readonly app: App;
  /** Every method and address, `HEAD` of every `GET` included. */
  routes(): readonly { readonly method: string; readonly url: string }[];
  /** OpenAPI 3.1. */
  openApi(): object;
  /** @returns the address, for example `http://127.0.0.1:8000`. */
  listen(): Promise<string>;
  /**
   * Answers `/health/ready` with 503 and closes each connection with its next answer; after `lingerMs` takes no new
   * ones, waits for running requests and ends within `withinMs`, if need be by closing what is still open.
   */
  drain(withinMs?: number, lingerMs?: number): Promise<void>;
}

/** JSON bodies; uploads have a limit of their own. */
const MAX_BODY_BYTES = 1024 * 1024;
/** A whole request, uploads over slow lines included. */
const REQUEST_TIMEOUT_MS = 15 * 60_000;
const DRAIN_MS = 9000;
const PRUNE_MS = 3600_000;

/** On every answer. Pages of ours set a policy of their own over the last one. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

export async function createHttpServer(services: Services): Promise<HttpServer> {
  const { config, db, log, metrics, admission } = services;
  const draining = new AbortController();
  const app = createApp(services);
  app.decorate('draining', draining.signal);
  app.decorateRequest('caller', null as never);
  app.decorateRequest('stages', undefined);

  const credentials = createCredentials(config);
  const limit = services.rateLimit;
  const routes = createRouteTable();
  const origins = new Set(config.corsOrigins);
  const openApi = createOpenApi(services.version);
  const sendWebApp = createWebApp(services.webDir);
  const vitals = createVitals({
    server: app.server,
    dataDir: config.dataDir,
    memoryLimitBytes: config.memoryLimitBytes,
    rssBytes: () => services.memory?.reading().rssBytes ?? process.memoryUsage.rss(),
    admission: admission.figures,
  });
  const responses = watchServer(services, vitals);
  const heldKeys = holdKeys(db, (error) => log.warn('idempotency keys could not be held', { error }));
  const logRequest = createRequestLog(log, config.slowRequestMs);

  traceRequests(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
    if (allowOrigin(origins, request, reply)) return;
    if (request.routeOptions.config.unlimited !== true) admission.pass();
    done();
  });
  app.addHook('onSend', (request, reply, _payload, done) => {
    reply.header('server-timing', serverTiming(request.stages, reply.elapsedTime));
    if (draining.signal.aborted) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    request.routeOptions.config.series?.record(reply.elapsedTime, reply.statusCode >= 500);
    responses.count(reply.statusCode);
    logRequest(request, reply);
    done();
  });
  app.addHook('onRoute', (route) => {
    const {
      access,
      sessionOnly = false,
      unlimited = false,
      secretAnswer = false,
      heavy = false,
      mayLag = false,
    } = route.config ?? {};
    if (access === undefined)
      throw new Error(`${route.method} ${route.url} does not say who may call it: config.access`);
    routes.add(route.method, route.url);
    openApi.add(route);
    const method = [route.method].flat()[0] as string;
    const reads = method === 'GET' || method === 'HEAD';
    route.config = { ...route.config, series: metrics.route(`${reads ? 'GET' : method} ${route.url}`) };
    const hook = accessHook(
      { access, sessionOnly, unlimited, reads },
      { db, tokens: credentials.tokens, limit },
    );
    const refusal = heavy && services.memory ? [async () => services.memory?.admit()] : [];
    route.onRequest = [hook, ...refusal, ...[route.onRequest ?? []].flat()];
    if (services.replicas !== undefined && access !== 'open')
      route.preHandler = [readingFrom(services.replicas, mayLag), ...[route.preHandler ?? []].flat()];
    if (reads || access === 'open') return;
    const { preHandler, onSend } = idempotencyHooks(db, secretAnswer, heldKeys);
    route.preHandler = [preHandler, ...[route.preHandler ?? []].flat()];
    route.onSend = [...[route.onSend ?? []].flat(), onSend];
  });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, log));
  app.setNotFoundHandler(async (request, reply) => {
    const methods = routes.methodsOf(request.url.split('?', 1)[0] as string);
    if (methods.length > 0) {
      reply.header('allow', methods.join(', '));
      throw new AppError('METHOD_NOT_ALLOWED', `This address takes ${methods.join(', ')}.`);
    }
    if (!(await sendWebApp(request, reply)))
      throw new AppError('NOT_FOUND', 'There is nothing under this address.');
    return reply;
  });

  const lastHour = createLastHour();
  app.addHook('onClose', () => services.usage.flush());
  const ask = createAsking(services, lastHour);
  registerMetaRoutes(app, services, openApi);
  const admin = { access: 'admin', sessionOnly: false, unlimited: false, reads: true } as const;
  const needAdmin = accessHook(admin, { db, tokens: credentials.tokens, limit });
  registerHealthRoutes(app, services, needAdmin, vitals);
  registerAuthRoutes(app, services, credentials);
  registerMeRoutes(app, services, credentials);
  registerApiKeyRoutes(app, services);
  registerCollectionRoutes(app, services);
  registerDocumentRoutes(app, services);
  registerUploadRoutes(app, services);
  registerTaskRoutes(app, services);
  registerSearchRoutes(app, services, lastHour);
  registerQueryRoutes(app, services, ask);
  registerOpenAiRoutes(app, services, ask);
  registerMcpRoutes(app, services, ask, lastHour);
  registerConversationRoutes(app, services);
  registerDashboardRoutes(app, services, lastHour);
  registerAdminRoutes(app, services);

  await app.ready();
  const pruning = setInterval(() => {
    for (const prune of [pruneIdempotent, pruneSessions, pruneAudit])
      prune(db).catch((error: unknown) => log.warn('pruning failed', { error }));
  }, PRUNE_MS).unref();
  app.server.maxConnections = config.listen.maxConnections;
  return {
    app,
    routes: routes.list,
    openApi: openApi.document,
    listen: () => app.listen({ host: config.listen.host, port: config.listen.port }),
    async drain(withinMs = DRAIN_MS, lingerMs = 0) {
      draining.abort();
      const deadline = setTimeout(() => app.server.closeAllConnections(), withinMs);
      if (lingerMs > 0) await pause(lingerMs);
      await app.close();
      clearInterval(pruning);
      heldKeys.close();
      vitals.close();
      clearTimeout(deadline);
    },
  };
}

/** Fastify hands on a missing body as null, which no optional schema takes. */
function validate(route: Parameters<typeof validatorCompiler>[0]): (data: unknown) => unknown {
  const check = validatorCompiler(route);
  return (data) => check(data ?? undefined);
}

function createApp({ config, log }: Services): App {
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    // one hop: what stands before it in x-forwarded-for came from the client
    trustProxy: config.trustProxy ? (_address: string, hop: number) => hop === 0 : false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // requests that arrive while the server drains are served; the problem of a refusal would be Fastify's own
    return503OnClosing: false,
    // given here and not set later: Fastify would load its own ones for nothing
    schemaController: {
      compilersFactory: {
        buildValidator: () => validate as never,
        buildSerializer: () => serializerCompiler as never,
      },
    },
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : nextRequestId();
    },
    frameworkErrors(error, request, reply) {
      // no hook has run
      reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
      sendProblem(error, request as FastifyRequest, reply as unknown as FastifyReply, log);
    },
    clientErrorHandler: (error, socket) => refuseUnreadable(error as NodeJS.ErrnoException, socket),
  }) as unknown as App;
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    const body = bytes as Buffer;
    // many clients announce JSON on every request, also where there is no body
    if (body.length === 0) done(null, undefined);
    // decoding would put other characters where the bytes mean none
    else if (!isUtf8(body)) done(new AppError('MALFORMED_BODY', 'The body is not valid UTF-8.'));
    else parseJson(request, body.toString(), done);
  });
  return app;
}

/** Random for the process and counted in it: made anew for each request, randomness would cost 2 % of a small one. */
const processTag = randomBytes(6).toString('base64url').replaceAll('-', '_');
let requests = 0;
function nextRequestId(): string {
  requests++;
  return `${processTag}-${requests.toString(36)}`;
}

/** What is no HTTP at all is answered here, since no request came of it. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const [status, text] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408', 'Request Timeout']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431', 'Request Header Fields Too Large']
        : ['400', 'Bad Request'];
  const id = nextRequestId();
  const body = JSON.stringify({
    ...problemOf(new AppError('VALIDATION', 'This is no HTTP request that can be read.'), { url: '', id }),
    status: Number(status),
    title: text,
  });
  socket.end(
    `HTTP/1.1 ${status} ${text}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${id}\r\nconnection: close\r\n\r\n${body}`,
  );
}
