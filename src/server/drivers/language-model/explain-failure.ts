import type { APICallError } from '@ai-sdk/provider';
import { ModelFault, type ModelFaultKind } from './model-fault.ts';

/** Whose faults are explained, in the words of whoever can mend them. */
export interface ModelAddress {
  /** `Gemini`, or whatever the operator calls it. */
  readonly service: string;
  readonly model: string;
  /** The setting that holds the key. */
  readonly keyName: string;
  /** The settings that name it; those of the language model unless told. */
  readonly settings?: { readonly model: string; readonly baseUrl: string; readonly instead: string };
}

const LANGUAGE_MODEL = {
  model: 'LLM_MODEL',
  baseUrl: 'LLM_BASE_URL',
  instead: 'set LLM_PROVIDER=extractive',
};
const settingsOf = ({ settings = LANGUAGE_MODEL }: ModelAddress) => settings;

/** What a client of a provider threw, or reported in its stream, as a fault that says what to do. */
export function explainFailure(error: unknown, address: ModelAddress): ModelFault {
  if (error instanceof ModelFault) return error;
  if (!isApiCallError(error)) return brokenReply(error, address);
  const { statusCode: status, responseBody: body = '', responseHeaders: headers = {} } = error;
  if (status === undefined) return unreachable(error, address);
  if (status < 400)
    return new ModelFault(
      address.service,
      'away',
      `${address.service} sent something that is no reply: is ${settingsOf(address).baseUrl} right?`,
    );
  return refused(status, body, headers, address);
}

/** By its name, so that nobody loads the client to learn that it was not used. */
const isApiCallError = (error: unknown): error is APICallError =>
  error instanceof Error && error.name === 'AI_APICallError';

/** A provider's answer with an error status. */
export function refused(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
  address: ModelAddress,
): ModelFault {
  const { service, model, keyName } = address;
  const settings = settingsOf(address);
  const fault = (kind: ModelFaultKind, message: string, retryAfterMs?: number) =>
    new ModelFault(service, kind, message, retryAfterMs);
  if (status === 401 || status === 403 || (status === 400 && BAD_KEY.test(body)))
    return fault(
      'key',
      `${service} refuses the key (${status}): put a valid one into ${keyName}, or ${settings.instead}.`,
    );
  if (status === 404)
    return fault(
      'model',
      `${service} has no model ${model} (404): set ${settings.model} or ${settings.baseUrl}.`,
    );
  if (status === 402 || (status >= 400 && status < 500 && USED_UP.test(body)))
    return fault(
      'quota',
      `The quota at ${service} is used up (${status}): raise it, or wait until it renews.`,
    );
  if (status === 429 || status === 529 || OVERLOADED.test(body))
    return fault('busy', `${service} has too many requests (${status}).`, retryAfterMs(headers, body));
  if (status === 408 || status === 409 || status >= 500)
    return fault('away', `${service} failed with status ${status}.`, retryAfterMs(headers, body));
  return fault('request', `${service} refuses the request with status ${status}${named(body)}.`);
}

/** No connection, or one that was lost before an answer began. */
export const unreachable = (error: unknown, address: ModelAddress): ModelFault =>
  new ModelFault(
    address.service,
    'away',
    `${address.service} cannot be reached${systemCode(error)}: is it running, and ${settingsOf(address).baseUrl} right?`,
  );

/** What broke a reply that had begun: a lost connection, junk, or an error that the provider put into the stream. */
function brokenReply(error: unknown, { service }: ModelAddress): ModelFault {
  const told = JSON.stringify(error) ?? '';
  if (USED_UP.test(told))
    return new ModelFault(service, 'quota', `The quota at ${service} is used up: raise it, or wait.`);
  if (OVERLOADED.test(told)) return new ModelFault(service, 'busy', `${service} has too many requests.`);
  return new ModelFault(service, 'away', `The reply of ${service} broke off${systemCode(error)}.`);
}

/** Gemini answers 400 to a wrong key. */
const BAD_KEY = /API_KEY_INVALID|API key not valid/;
/** As OpenAI, Anthropic and Gemini (its quotas by day) tell that waiting for seconds does not help. */
const USED_UP = /insufficient_quota|billing_hard_limit|credit balance is too low|PerDay/;

/** As Anthropic, OpenAI and Gemini name it inside of a stream, whose status was 200. */
const OVERLOADED = /overloaded_error|rate_limit|RESOURCE_EXHAUSTED/;

/** The provider's error code, when it is a plain word. */
function named(body: string): string {
  const found = /"(?:code|status|type)"\s*:\s*"([A-Za-z_]{3,40})"/.exec(body)?.[1];
  return found === undefined || found === 'error' ? '' : ` (${found})`;
}

/** The first code among an error and its causes: `ECONNREFUSED`. */
function systemCode(error: unknown): string {
  for (let cause = error, depth = 0; depth < 4 && cause instanceof Error; depth++) {
    if ('code' in cause && typeof cause.code === 'string') return ` (${cause.code})`;
    cause = cause.cause;
  }
  return '';
}

/** Headers `retry-after-ms`, `retry-after` (seconds or a date), or `retryDelay` in Gemini's body. */
function retryAfterMs(headers: Readonly<Record<string, string>>, body: string): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (ms >= 0) return ms;
  const after = headers['retry-after'];
  if (after !== undefined) {
    const seconds = Number(after);
    if (seconds >= 0) return seconds * 1000;
    const at = Date.parse(after);
    if (!Number.isNaN(at)) return Math.max(0, at - Date.now());
  }
  const delay = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body)?.[1];
  return delay === undefined ? undefined : Number(delay) * 1000;
}
