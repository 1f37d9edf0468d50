import { wait, waitBeforeRetryMs } from './backoff.ts';
import { ProblemError, problemOf, UnreachableError } from './problem.ts';
import { reachable } from './reachable.ts';
import { currentToken, renewSession, signInAgain } from './session.ts';

/** The one way to the server. Everything else in `client/` and `data/` goes through here. */
export interface Call {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Absent and `undefined` values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** The page may go away before the answer comes. */
  readonly keepalive?: boolean;
  /**
   * Whether a try that failed for a reason that passes (429, 503, no connection) may be repeated. Reading may by
   * default. A change gets an idempotency key, so that a repeat is not done twice.
   */
  readonly retry?: boolean;
}

const MAX_ATTEMPTS = 4;

/**
 * Sends, waits out what passes, renews the session when it ran out. Of a session that is over the person is asked
 * for the password, and the call goes on afterwards.
 *
 * @throws ProblemError for a status of 400 and more, UnreachableError, AbortError.
 */
export async function send(path: string, call: Call = {}): Promise<Response> {
  const { method = 'GET', signal } = call;
  const mayRetry = call.retry ?? method === 'GET';
  const headers = new Headers(call.headers);
  if (call.json !== undefined) headers.set('content-type', 'application/json');
  if (mayRetry && method !== 'GET') headers.set('idempotency-key', crypto.randomUUID());
  const init: RequestInit = { method, headers };
  if (call.json !== undefined) init.body = JSON.stringify(call.json);
  if (signal !== undefined) init.signal = signal;
  if (call.keepalive === true) init.keepalive = true;

  for (let attempt = 0, renewed = false; ; ) {
    const outcome = await sendOnce(path + queryString(call.query), init);
    if (outcome instanceof Response) return outcome;
    if (outcome instanceof ProblemError && outcome.status === 401 && !renewed && isOwn(path)) {
      renewed = true;
      if ((await renewSession()) || (await signInAgain())) continue;
    }
    const waitMs =
      mayRetry && ++attempt < MAX_ATTEMPTS && passes(outcome)
        ? waitBeforeRetryMs(attempt, outcome instanceof ProblemError ? outcome.retryAfterMs : undefined)
        : undefined;
    if (waitMs === undefined) throw outcome;
    await wait(waitMs, signal);
  }
}

async function sendOnce(url: string, init: RequestInit): Promise<Response | ProblemError | UnreachableError> {
  const token = currentToken();
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  try {
    const response = await fetch(url, { ...init, headers });
    reachable.set(true);
    return response.ok ? response : await problemOf(response);
  } catch (error) {
    init.signal?.throwIfAborted();
    reachable.set(false);
    return new UnreachableError(error);
  }
}

/** Signing in answers 401 for a wrong password, which is no session that ended. */
const isOwn = (path: string) => !path.startsWith('/api/v1/auth/');

const passes = (error: ProblemError | UnreachableError): boolean =>
  error instanceof UnreachableError || [429, 502, 503, 504].includes(error.status);

export function queryString(query: Call['query'] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

const readJson = async <T>(response: Response): Promise<T> =>
  (response.status === 204 ? undefined : await response.json()) as T;

/** @throws as `send` */
export async function change<T = void>(
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  json?: unknown,
  call: Call = {},
): Promise<T> {
  return readJson<T>(await send(path, { ...call, method, ...(json === undefined ? {} : { json }) }));
}

interface Shared {
  readonly answer: Promise<unknown>;
  readonly stop: AbortController;
  waiting: number;
}
const inFlight = new Map<string, Shared>();

/**
 * Reads JSON. Who asks for the same while it is on its way gets the same answer; the request is given up when
 * nobody waits any more.
 *
 * @throws as `send`
 */
export async function read<T>(path: string, query?: Call['query'], signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  const url = path + queryString(query);
  let shared = inFlight.get(url);
  if (shared === undefined) {
    const stop = new AbortController();
    const answer = send(url, { signal: stop.signal }).then(readJson);
    shared = { answer, stop, waiting: 0 };
    inFlight.set(url, shared);
    const done = () => {
      if (inFlight.get(url)?.answer === answer) inFlight.delete(url);
    };
    answer.then(done, done);
  }
  const request = shared;
  request.waiting++;
  const left = Promise.withResolvers<never>();
  const leave = () => {
    request.waiting--;
    if (request.waiting === 0) {
      if (inFlight.get(url) === request) inFlight.delete(url);
      request.stop.abort(signal?.reason);
    }
    left.reject(signal?.reason);
  };
  signal?.addEventListener('abort', leave, { once: true });
  try {
    return (await Promise.race([request.answer, left.promise])) as T;
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}
