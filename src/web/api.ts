import type { Session, User } from '../contract/auth.ts';
import type { ListPage, Problem } from '../contract/common.ts';
import type { Document } from '../contract/documents.ts';
import type { Answer, AnswerEvent } from '../contract/query.ts';
import type { Task } from '../contract/tasks.ts';

/** A refusal of the server, in its own words. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

let accessToken: string | undefined;

/** The only fetch: adds the token, renews the session once when it has run out, turns problems into errors. */
async function send(path: string, init: RequestInit = {}, mayRenew = true): Promise<Response> {
  const headers = new Headers(init.headers);
  if (accessToken !== undefined) headers.set('authorization', `Bearer ${accessToken}`);
  const response = await fetch(path, { ...init, headers });
  if (
    response.status === 401 &&
    mayRenew &&
    accessToken !== undefined &&
    (await renewSession()) !== undefined
  ) {
    return send(path, init, false);
  }
  if (!response.ok) throw await asProblem(response);
  return response;
}

async function asProblem(response: Response): Promise<Error> {
  try {
    return new ProblemError((await response.json()) as Problem);
  } catch {
    return new Error(`The server answered ${response.status}`);
  }
}

const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

function keep(session: Session): User {
  accessToken = session.accessToken;
  return session.user;
}

export async function signIn(kind: 'login' | 'register', email: string, password: string): Promise<User> {
  return keep(
    (await (await send(`/api/v1/auth/${kind}`, json('POST', { email, password }), false)).json()) as Session,
  );
}

/** The user of the refresh cookie, or undefined when there is none. */
export async function renewSession(): Promise<User | undefined> {
  const response = await fetch('/api/v1/auth/refresh', { method: 'POST' });
  if (response.ok) return keep((await response.json()) as Session);
  accessToken = undefined;
  return undefined;
}

export async function signOut(): Promise<void> {
  await send('/api/v1/auth/logout', { method: 'POST' }).catch(() => {});
  accessToken = undefined;
}

export interface PublicConfig {
  readonly registrationEnabled: boolean;
  readonly maxUploadMb: number;
  readonly formats: readonly { readonly extensions: readonly string[] }[];
}
export const readConfig = async () => (await (await send('/api/v1/config')).json()) as PublicConfig;

export const listDocuments = async () =>
  (await (await send('/api/v1/documents?limit=100&sort=-createdAt')).json()) as ListPage<Document>;
export const removeDocument = async (id: string) =>
  void (await send(`/api/v1/documents/${encodeURIComponent(id)}`, { method: 'DELETE' }));
export const pageText = async (id: string, page: number) =>
  (
    (await (await send(`/api/v1/documents/${encodeURIComponent(id)}/text?page=${page}`)).json()) as {
      text: string;
    }
  ).text;

export const readDocument = async (id: string) =>
  (await (await send(`/api/v1/documents/${encodeURIComponent(id)}`)).json()) as Document;

/** The original's bytes, for saving. */
export const originalFile = async (id: string) =>
  (await send(`/api/v1/documents/${encodeURIComponent(id)}/file`)).blob();

export interface BatchResult {
  readonly taskId: string;
  readonly rejected: readonly { readonly filename: string; readonly problem: Problem }[];
}
export async function uploadFiles(files: readonly File[]): Promise<BatchResult> {
  const form = new FormData();
  for (const file of files) form.append('file', file, file.name);
  return (await (
    await send('/api/v1/documents/batch', { method: 'POST', body: form })
  ).json()) as BatchResult;
}

/** Calls `onProgress` at every change until the task has ended. */
export async function followTask(
  taskId: string,
  onProgress: (task: Task) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await send(`/api/v1/tasks/${encodeURIComponent(taskId)}/events`, {
    signal,
    headers: { accept: 'text/event-stream' },
  });
  for await (const { event, data } of serverSentEvents(response)) {
    if (event === 'progress' || event === 'done') onProgress(JSON.parse(data) as Task);
    if (event === 'done') return;
  }
}

/** The events of one answer as they arrive. */
export async function* ask(query: string, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const init = json('POST', { query });
  const response = await send('/api/v1/query', {
    ...init,
    signal,
    headers: { ...init.headers, accept: 'text/event-stream' },
  });
  for await (const { event, data } of serverSentEvents(response)) {
    const value: unknown = JSON.parse(data);
    switch (event) {
      case 'sources':
        yield { type: 'sources', sources: value as Answer['sources'] };
        break;
      case 'token':
        yield { type: 'token', text: (value as { text: string }).text };
        break;
      case 'citation':
        yield { type: 'citation', citation: value as Answer['citations'][number] };
        break;
      case 'done':
        yield { type: 'done', answer: value as Answer };
        return;
      case 'error':
        throw new ProblemError(value as Problem);
    }
  }
}

/** Named events of a response body (WHATWG server-sent events; comments are skipped). */
async function* serverSentEvents(response: Response): AsyncGenerator<{ event: string; data: string }> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const records = (rest + value).split(/\r?\n\r?\n/);
    rest = records.pop() ?? '';
    for (const record of records) {
      const fields = record.split(/\r?\n/).map((line) => /^(event|data): ?(.*)$/.exec(line));
      const data = fields.filter((m) => m?.[1] === 'data').map((m) => m?.[2] ?? '');
      const event = fields.find((m) => m?.[1] === 'event')?.[2] ?? 'message';
      if (data.length > 0) yield { event, data: data.join('\n') };
    }
  }
}
