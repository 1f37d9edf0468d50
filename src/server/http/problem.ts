import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Problem } from '../../contract/common.ts';
import type { ErrorCode } from '../../contract/errors.ts';
import { makeProblem } from '../../contract/make-problem.ts';
import { AppError, type FieldFault, UpstreamError } from '../errors.ts';
import type { Log } from '../log.ts';
import { storageFault } from '../storage-fault.ts';

/** The problem that tells a client of `error` (RFC 9457). What is not meant for clients becomes INTERNAL. */
export function problemOf(error: unknown, request: Pick<FastifyRequest, 'url' | 'id'>): Problem {
  const { code, message, fields } = asAppError(error);
  // the query may hold what a person typed
  const instance = request.url.split('?', 1)[0] as string;
  return makeProblem(code, message, { instance, requestId: request.id }, fields);
}

/** Any fault as one of the contract's. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof UpstreamError)
    return new AppError(
      'UPSTREAM_UNAVAILABLE',
      'A service that is needed does not answer. Try again in a moment.',
      {
        cause: error,
        retryAfterSeconds: 5,
      },
    );
  const storage = storageFault(error);
  if (storage !== undefined)
    return new AppError(storage.code, storage.detail, {
      cause: error,
      retryAfterSeconds: storage.retryAfterSeconds,
    });
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error);
  if (error instanceof Error && error.name === 'AbortError')
    return new AppError('CANCELLED', 'The request was given up.');
  const fastifyError = error as FastifyError;
  const known = FRAMEWORK_FAULTS[fastifyError.code];
  if (known !== undefined) return new AppError(known[0], known[1], { cause: error });
  if (fastifyError.statusCode === 400)
    return new AppError('MALFORMED_BODY', 'The body could not be read.', { cause: error });
  return new AppError('INTERNAL', 'The fault was logged under this request id.', { cause: error });
}

const FRAMEWORK_FAULTS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['MALFORMED_BODY', 'The body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['MALFORMED_BODY', 'The body is empty.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'MALFORMED_BODY',
    'The body does not have the length that was announced.',
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', 'The body is larger than this route takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.'],
  FST_ERR_BAD_URL: ['VALIDATION', 'The address is not a valid URL.'],
  FST_ERR_MAX_PARAM_LENGTH: ['NOT_FOUND', 'There is nothing under this address.'],
};

function invalidRequest(error: Parameters<typeof describe>[0]): AppError {
  const fields = describe(error);
  const first = fields[0];
  const detail =
    first === undefined
      ? 'The request is not valid.'
      : `${first.path || error.validationContext || 'request'}: ${first.message}`;
  return new AppError('VALIDATION', detail, { fields });
}

function describe(error: {
  validation: readonly { instancePath: string; message?: string }[];
  validationContext?: string | undefined;
}): FieldFault[] {
  return error.validation.map(({ instancePath, message }) => ({
    path: instancePath.slice(1).replaceAll('/', '.'),
    message: message ?? 'is not valid',
  }));
}

/** Answers with the problem; faults of ours are logged with the id that the client sees. */
export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  const fault = beginFault(error, request, reply, log);
  return reply
    .header('content-type', 'application/problem+json')
    .serializer(JSON.stringify)
    .send(problemOf(fault, request));
}

/** Sets status and headers for `error` and logs what is a fault of ours; the protocol of the route shapes the body. */
export function beginFault(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): AppError {
  const fault = asAppError(error);
  if (fault.status >= 500)
    log.error('request failed', { requestId: request.id, route: request.routeOptions.url, error });
  if (fault.status === 401) reply.header('www-authenticate', 'Bearer');
  if (fault.retryAfterSeconds !== undefined)
    reply.header('retry-after', Math.max(1, Math.ceil(fault.retryAfterSeconds)));
  else if (fault.status === 503) reply.header('retry-after', 5);
  reply.code(fault.status).header('cache-control', 'no-store');
  return fault;
}
