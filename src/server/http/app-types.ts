import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ZodType } from 'zod';
import type { Series } from '../metrics.ts';
import type { Access, Caller } from './auth.ts';

/** The server as routes see it: zod schemas give their handlers' types. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route says it; the server does not start with one that is silent. */
    access?: Access;
    /** API keys are refused: what the route does would outlive the key. */
    sessionOnly?: boolean;
    /** Not counted by the rate limit: probes must get through, and the page's own files are many. */
    unlimited?: boolean;
    /** The answer holds a secret: it is not kept for `idempotency-key`. Open routes keep nothing anyway. */
    secretAnswer?: boolean;
    /** Makes much work: refused while memory is short. */
    heavy?: boolean;
    /** Answers may be without what others changed within the last seconds: they may come from a read replica. */
    mayLag?: boolean;
    /** Not part of the API: left out of its description. */
    hidden?: boolean;
    /** JSON Schema of a form that the route reads itself, for the OpenAPI document. */
    form?: Record<string, unknown>;
    /** What errors look like where they are no problems (RFC 9457), for the OpenAPI document. */
    errorShape?: ZodType;
    /** Set by the server. */
    series?: Series;
  }
  interface FastifyRequest {
    caller: Caller;
    /** Stages for `server-timing`: the route adds to it. */
    stages: { readonly name: string; readonly ms: number }[] | undefined;
  }
  interface FastifyInstance {
    /** Aborts when the server begins to drain: streams without an end of their own end then. */
    draining: AbortSignal;
  }
}
