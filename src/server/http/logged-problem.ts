import type { FastifyRequest } from 'fastify';
import type { Problem } from '../../contract/common.ts';
import type { Log } from '../log.ts';
import { asAppError, problemOf } from './problem.ts';

/** The problem for a fault that ends only a part of an answer; faults of ours are logged like all others. */
export function loggedProblem(error: unknown, request: FastifyRequest, log: Log): Problem {
  if (asAppError(error).status >= 500)
    log.error('request failed', { requestId: request.id, route: request.routeOptions.url, error });
  return problemOf(error, request);
}
