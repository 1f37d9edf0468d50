import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../../contract/errors.ts';
import type { Log } from '../../log.ts';
import { beginFault, problemOf } from '../problem.ts';

/** JSON-RPC 2.0 has codes for what cannot be read; the rest is the server's own. */
const RPC_CODES: Partial<Record<ErrorCode, number>> = {
  MALFORMED_BODY: -32_700,
  VALIDATION: -32_600,
  INTERNAL: -32_603,
};
const SERVER_ERROR = -32_000;

/**
 * Answers what was refused before the protocol had its turn: a JSON-RPC error that belongs to no request, with
 * the problem (RFC 9457) as its data.
 */
export function sendMcpError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  const fault = beginFault(error, request, reply, log);
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: RPC_CODES[fault.code] ?? SERVER_ERROR,
        message: fault.message,
        data: problemOf(fault, request),
      },
    });
}
