import { wait, waitBeforeRetryMs } from './backoff.ts';
import { ProblemError, problemOf, UnreachableError } from './problem.ts';
import { reachable } from './reachable.ts';
import { currentToken, renewSession, signInAgain } from './session.ts';

const MAX_ATTEMPTS = 6;

/**
 * Sends a form and tells how much of it is out, which `fetch` can't. Bytes are the same at every try and the server
 * knows them by their hash, so what failed for a reason that passes is sent again.
 *
 * @param onSent bytes sent so far of this try, form parts included
 * @throws ProblemError, UnreachableError, AbortError
 */
export async function sendForm(
  path: string,
  form: FormData,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Response> {
  for (let attempt = 0, renewed = false; ; ) {
    const outcome = await sendOnce(path, form, onSent, signal);
    if (outcome instanceof Response) return outcome;
    if (outcome instanceof ProblemError && outcome.status === 401 && !renewed) {
      renewed = true;
      if ((await renewSession()) || (await signInAgain())) continue;
    }
    const passes = outcome instanceof UnreachableError || [429, 502, 503, 504].includes(outcome.status);
    const waitMs =
      passes && ++attempt < MAX_ATTEMPTS
        ? waitBeforeRetryMs(attempt, outcome instanceof ProblemError ? outcome.retryAfterMs : undefined)
        : undefined;
    if (waitMs === undefined) throw outcome;
    await wait(waitMs, signal);
  }
}

async function sendOnce(
  path: string,
  form: FormData,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Response | ProblemError | UnreachableError> {
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  const stop = () => request.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const response = await new Promise<Response | undefined>((resolve) => {
      request.open('POST', path);
      const token = currentToken();
      if (token !== undefined) request.setRequestHeader('authorization', `Bearer ${token}`);
      request.upload.onprogress = ({ loaded }) => onSent(loaded);
      request.onload = () => resolve(responseOf(request));
      request.onerror = request.onabort = request.ontimeout = () => resolve(undefined);
      request.send(form);
    });
    signal.throwIfAborted();
    reachable.set(response !== undefined);
    if (response === undefined) return new UnreachableError('the connection broke');
    return response.ok ? response : await problemOf(response);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function responseOf(request: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const name of ['content-type', 'retry-after', 'x-request-id']) {
    const value = request.getResponseHeader(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(request.status === 204 ? null : request.responseText, {
    status: request.status,
    headers,
  });
}
