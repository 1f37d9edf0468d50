import { UpstreamError } from '../../errors.ts';

/**
 * `key`, `model`, `quota`: somebody must act; `request`: this one cannot be answered, others can;
 * `busy`: too many requests; `away`: no answer, or a broken one.
 */
export type ModelFaultKind = 'key' | 'model' | 'quota' | 'request' | 'busy' | 'away';

/** A failed request to a language model. The message holds neither prompt nor key. */
export class ModelFault extends UpstreamError {
  readonly kind: ModelFaultKind;
  /** How long the provider asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    service: string,
    kind: ModelFaultKind,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(service, message, {
      retryable: kind === 'busy' || kind === 'away',
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}
