import type { Problem } from '../../contract/common.ts';

/** A refusal of the server, in its own words (RFC 9457). */
export class ProblemError extends Error {
  readonly problem: Problem;
  /** From `retry-after`, when the server asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(problem: Problem, retryAfterMs?: number) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  get status(): number {
    return this.problem.status;
  }

  /** `urn:ka:error:not-found` → `not-found`. */
  get slug(): string {
    return this.problem.type.slice(this.problem.type.lastIndexOf(':') + 1);
  }
}

/** No answer came: the server is away, or the network is. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('The server cannot be reached', { cause });
    this.name = 'UnreachableError';
  }
}

/** The error that a response with a status of 400 and more stands for; proxies answer without a problem. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const retryAfterMs = retryAfterOf(response.headers.get('retry-after'));
  const fallback: Problem = {
    type: 'about:blank',
    title: `The server answered ${response.status}`,
    status: response.status,
    detail: '',
    instance: '',
    requestId: response.headers.get('x-request-id') ?? '',
  };
  try {
    const body = (await response.json()) as Partial<Problem> | null;
    return new ProblemError(
      typeof body?.title === 'string' ? { ...fallback, ...body } : fallback,
      retryAfterMs,
    );
  } catch {
    return new ProblemError(fallback, retryAfterMs);
  }
}

/** Seconds or an HTTP date (RFC 9110 10.2.3). */
export function retryAfterOf(header: string | null, nowMs = Date.now()): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError';

/** What to show of any error. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
