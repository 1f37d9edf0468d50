import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { SESSION_SECONDS } from '../records/sessions.ts';

const NAME = 'ka_refresh';
const PATH = '/api/v1/auth';

/** The token in the request's refresh cookie. */
export function readRefreshCookie(request: FastifyRequest): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === NAME && value !== undefined && /^[\w-]{20,100}$/.test(value)) return value;
  }
  return undefined;
}

/** Only this origin's own pages send it, only to the routes that need it, and no script reads it. */
export function setRefreshCookie(reply: FastifyReply, token: string, config: Config): void {
  reply.header('set-cookie', cookie(token, SESSION_SECONDS, config));
}

export function clearRefreshCookie(reply: FastifyReply, config: Config): void {
  reply.header('set-cookie', cookie('', 0, config));
}

function cookie(value: string, maxAgeSeconds: number, { publicUrl }: Config): string {
  const secure = publicUrl?.startsWith('https:') ? '; Secure' : '';
  return `${NAME}=${value}; Path=${PATH}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
}

/**
 * Routes that act by cookie take it from the app's own pages (and those of CORS_ORIGINS) only. Browsers say
 * where a request comes from in `sec-fetch-site` and `origin`; programs say nothing and carry no stolen cookie.
 *
 * @throws AppError FORBIDDEN
 */
export function refuseForeignPage(request: FastifyRequest, config: Config): void {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (typeof origin === 'string' && config.corsOrigins.includes(origin)) return;
  const foreign = typeof site === 'string' && site !== 'same-origin' && site !== 'none';
  const own = config.publicUrl === undefined ? undefined : new URL(config.publicUrl);
  const originHost = origin === undefined ? undefined : URL.canParse(origin) ? new URL(origin).host : '';
  const strange =
    originHost !== undefined && originHost !== (request.host || host) && originHost !== own?.host;
  if (foreign || strange) throw new AppError('FORBIDDEN', 'Another site may not act for you.');
}
