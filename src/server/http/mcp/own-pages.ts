import type { FastifyRequest } from 'fastify';
import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Refuses pages of other sites, as the protocol asks of servers. The name that a request was sent to proves
 * nothing: by DNS rebinding a page makes its own name mean this machine. So the origin has to be the installation's
 * public one, one of CORS_ORIGINS, or, where only this machine is served, a page of this machine. Programs send none.
 *
 * @throws AppError FORBIDDEN
 */
export function ownPages({ publicUrl, corsOrigins, listen }: Config): (request: FastifyRequest) => void {
  const known = new Set(corsOrigins);
  if (publicUrl !== undefined) known.add(new URL(publicUrl).origin);
  const local = LOOPBACK.test(listen.host) || listen.host === '::1';
  return ({ headers: { origin } }) => {
    if (origin === undefined || known.has(origin)) return;
    if (local && URL.canParse(origin) && LOOPBACK.test(new URL(origin).hostname)) return;
    throw new AppError('FORBIDDEN', 'Pages of this origin may not call: add it to CORS_ORIGINS.');
  };
}
