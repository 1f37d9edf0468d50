import { UpstreamError } from '../../errors.ts';

/**
 * `key`, `model`, `quota`: somebody must act; `request`: this one cannot be answered, others can;
 * `busy`: too many requests; `away`: no answer, or a broken one.
 */
export type ModelFaultKind = 'key' | 'model' | 'quota' | 'request' | 'busy' | 'away';

/**
 * A failed request to a language model. The message holds neither prompt nor key, and there is no `cause`: what
 * providers and their clients say repeats parts of both, and causes are logged.
 */
export class ModelFault extends UpstreamError {
  readonly kind: ModelFaultKind;
  /** How long the provider asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(service: string, kind: ModelFaultKind, message: string, retryAfterMs?: number) {
    super(service, message, { retryable: kind === 'busy' || kind === 'away' });
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}
