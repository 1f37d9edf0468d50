import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OpenAiError } from '../../../contract/openai.ts';
import type { AppError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { asAppError, beginFault } from '../problem.ts';

/** Codes by which OpenAI's clients decide what to do; all others are the contract's own, in snake case. */
const KNOWN_CODES: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'invalid_api_key',
  // nothing else than models is looked for
  NOT_FOUND: 'model_not_found',
  RATE_LIMITED: 'rate_limit_exceeded',
  BUDGET_EXCEEDED: 'insufficient_quota',
};

/** The fault as clients of OpenAI's API read it. What is not meant for clients is told as INTERNAL. */
export function openAiErrorOf(error: unknown): OpenAiError {
  const fault = asAppError(error);
  const { code, message, fields } = fault;
  return {
    error: {
      message,
      type: typeOf(fault),
      param: fields?.[0]?.path || null,
      code: KNOWN_CODES[code] ?? code.toLowerCase(),
    },
  };
}

function typeOf({ status, code }: AppError): string {
  if (code === 'BUDGET_EXCEEDED') return 'insufficient_quota';
  if (status >= 500) return 'server_error';
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 429:
      return 'rate_limit_error';
    default:
      return 'invalid_request_error';
  }
}

/** Answers a request that failed. */
export function sendOpenAiError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  const fault = beginFault(error, request, reply, log);
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(openAiErrorOf(fault));
}
