import { ERRORS, type ErrorCode } from '../contract/errors.ts';

/** A fault with a code of the contract. The message is for whoever must act: what is wrong and what to do. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** Which fields of the request are wrong, for VALIDATION. */
  readonly fields: readonly FieldFault[] | undefined;
  /** For 429 and 503: when to come back. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; fields?: readonly FieldFault[]; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

export interface FieldFault {
  readonly path: string;
  readonly message: string;
}

/** A driver's service failed. Only `retryable` decides whether a repeat is worth it. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly service: string;
  readonly retryable: boolean;

  constructor(service: string, message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.service = service;
    this.retryable = options.retryable;
  }
}

/** Errors cross thread and process borders as this; `fromWire` makes the same class again. */
export interface WireError {
  readonly kind: 'app' | 'upstream' | 'abort' | 'other';
  readonly message: string;
  readonly code?: ErrorCode;
  readonly service?: string;
  readonly retryable?: boolean;
  readonly stack?: string;
}

export function toWire(error: unknown): WireError {
  if (error instanceof AppError) return { kind: 'app', code: error.code, message: error.message };
  if (error instanceof UpstreamError)
    return { kind: 'upstream', service: error.service, retryable: error.retryable, message: error.message };
  if (error instanceof Error && error.name === 'AbortError') return { kind: 'abort', message: error.message };
  if (error instanceof Error)
    return { kind: 'other', message: error.message, ...(error.stack ? { stack: error.stack } : {}) };
  return { kind: 'other', message: String(error) };
}

export function fromWire(wire: WireError): Error {
  switch (wire.kind) {
    case 'app':
      return new AppError(wire.code ?? 'INTERNAL', wire.message);
    case 'upstream':
      return new UpstreamError(wire.service ?? 'unknown', wire.message, {
        retryable: wire.retryable ?? false,
      });
    case 'abort':
      return new DOMException(wire.message, 'AbortError');
    case 'other': {
      const error = new Error(wire.message);
      if (wire.stack !== undefined) error.stack = wire.stack;
      return error;
    }
    default:
      return wire.kind satisfies never;
  }
}

/** Retryable: whoever meets it looks for the present model first. */
export const otherSpace = (): UpstreamError =>
  new UpstreamError('vector index', "The vectors are another embedding model's by now.", { retryable: true });
