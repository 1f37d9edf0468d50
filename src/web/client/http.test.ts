import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { change, queryString, read, send } from './http.ts';
import { ProblemError, retryAfterOf, UnreachableError } from './problem.ts';
import { currentToken, renewSession, session, signIn, signOut } from './session.ts';

type Answer = (url: string, init: RequestInit) => Response | Promise<Response>;
const calls: { url: string; init: RequestInit; headers: Headers }[] = [];
let answer: Answer;

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
const problem = (status: number, headers: Record<string, string> = {}) =>
  json(
    { type: 'urn:ka:error:x', title: 'No', status, detail: '', instance: '', requestId: 'r' },
    status,
    headers,
  );
const started = (accessToken: string) =>
  json({ user: { id: 'u1', name: 'Ada' }, accessToken, expiresIn: 900 });

beforeEach(() => {
  calls.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal('localStorage', { getItem: () => 'yes', setItem() {}, removeItem() {} });
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    calls.push({ url, init, headers: new Headers(init.headers) });
    // as the browser does it
    const gone = new Promise<never>((_, reject) =>
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason)),
    );
    return Promise.race([answer(url, init), gone]);
  });
});
afterEach(async () => {
  answer = () => new Response(null, { status: 204 });
  await signOut();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const urls = () => calls.map(({ url }) => url);

describe('reading', () => {
  it('shares one request among all who ask for the same while it is on its way', async () => {
    answer = () => json({ n: 1 });
    const results = await Promise.all([read('/a', { x: 1 }), read('/a', { x: 1 }), read('/a', { x: 2 })]);
    expect(results).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
    expect(urls()).toEqual(['/a?x=1', '/a?x=2']);
  });

  it('asks again once the answer is there', async () => {
    answer = () => json({});
    await read('/a');
    await read('/a');
    expect(urls()).toEqual(['/a', '/a']);
  });

  it('goes on for the others when one of them leaves, and is given up with the last', async () => {
    const pending = Promise.withResolvers<Response>();
    answer = () => pending.promise;
    const [first, second] = [new AbortController(), new AbortController()];
    const both = [read('/a', {}, first.signal), read('/a', {}, second.signal)];
    first.abort();
    await expect(both[0]).rejects.toThrow(/abort/i);
    expect(calls[0]?.init.signal?.aborted).toBe(false);
    second.abort();
    await expect(both[1]).rejects.toThrow(/abort/i);
    expect(calls[0]?.init.signal?.aborted).toBe(true);
  });

  it('waits as long as the server asks before it tries again', async () => {
    answer = () => (calls.length === 1 ? problem(429, { 'retry-after': '7' }) : json({ ok: true }));
    const result = read('/a');
    await vi.advanceTimersByTimeAsync(6999);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);
    await expect(result).resolves.toEqual({ ok: true });
  });

  it('leaves it to the person when the server asks for a long wait', async () => {
    answer = () => problem(503, { 'retry-after': '600' });
    await expect(read('/a')).rejects.toMatchObject({ status: 503, retryAfterMs: 600_000 });
    expect(calls).toHaveLength(1);
  });

  it('gives up after four tries', async () => {
    answer = () => Promise.reject(new TypeError('Failed to fetch'));
    const result = read('/a');
    const outcome = expect(result).rejects.toBeInstanceOf(UnreachableError);
    await vi.runAllTimersAsync();
    await outcome;
    expect(calls).toHaveLength(4);
  });

  it('does not repeat what will fail again', async () => {
    answer = () => problem(404);
    await expect(read('/a')).rejects.toBeInstanceOf(ProblemError);
    expect(calls).toHaveLength(1);
  });
});

describe('changing', () => {
  it('is not repeated unless that is harmless', async () => {
    answer = () => problem(503);
    await expect(change('POST', '/a', {})).rejects.toMatchObject({ status: 503 });
    expect(calls).toHaveLength(1);
  });

  it('is repeated under one idempotency key when asked for', async () => {
    answer = () => (calls.length < 3 ? problem(503) : json({ id: 'x' }));
    const result = change('POST', '/a', {}, { retry: true });
    await vi.runAllTimersAsync();
    await expect(result).resolves.toEqual({ id: 'x' });
    const keys = calls.map(({ headers }) => headers.get('idempotency-key'));
    expect(keys[0]).toMatch(/.{30}/);
    expect(new Set(keys).size).toBe(1);
  });

  it('gives nothing for an answer without a body', async () => {
    answer = () => new Response(null, { status: 204 });
    await expect(change('DELETE', '/a')).resolves.toBeUndefined();
  });
});

describe('the session', () => {
  const authorized = (token: string) => (init: RequestInit) =>
    new Headers(init.headers).get('authorization') === `Bearer ${token}`;

  it('is renewed once for all the calls that found it run out', async () => {
    answer = (url, init) =>
      url.endsWith('/refresh') ? started('new') : authorized('new')(init) ? json({ url }) : problem(401);
    await expect(Promise.all([read('/a'), read('/b'), read('/c')])).resolves.toHaveLength(3);
    expect(urls().filter((url) => url.endsWith('/refresh'))).toHaveLength(1);
    expect(currentToken()).toBe('new');
  });

  it('that is over asks for the password and goes on with what was waiting', async () => {
    answer = () => started('first');
    await signIn('login', { email: 'a@b.c', password: 'secret' });
    answer = (url, init) => {
      if (url.endsWith('/login')) return started('second');
      return authorized('second')(init) ? json({ saved: true }) : problem(401);
    };
    const saved = change('PATCH', '/api/v1/me', { name: 'Ada' });
    await vi.waitFor(() => expect(session.get().status).toBe('expired'));
    await signIn('login', { email: 'a@b.c', password: 'secret' });
    await expect(saved).resolves.toEqual({ saved: true });
    expect(session.get()).toMatchObject({ status: 'signed-in', user: { id: 'u1' } });
  });

  it('that is over fails what was waiting when the person leaves', async () => {
    answer = () => started('first');
    await signIn('login', { email: 'a@b.c', password: 'secret' });
    answer = () => problem(401);
    const outcome = expect(change('PATCH', '/api/v1/me', {})).rejects.toMatchObject({ status: 401 });
    await vi.waitFor(() => expect(session.get().status).toBe('expired'));
    await signOut();
    await outcome;
    expect(session.get().status).toBe('signed-out');
    expect(currentToken()).toBeUndefined();
  });

  it('stays when the server could not say whether it is over', async () => {
    answer = () => started('first');
    await signIn('login', { email: 'a@b.c', password: 'secret' });
    answer = () => problem(503);
    await expect(renewSession()).rejects.toMatchObject({ status: 503 });
    expect(session.get().status).toBe('signed-in');
  });

  it('does not take a wrong password for its end', async () => {
    answer = () => problem(401);
    await expect(signIn('login', { email: 'a@b.c', password: 'wrong' })).rejects.toMatchObject({
      status: 401,
    });
    await expect(send('/api/v1/auth/x', { method: 'POST' })).rejects.toMatchObject({ status: 401 });
    expect(urls()).toEqual(['/api/v1/auth/login', '/api/v1/auth/x']);
  });
});

it('reads retry-after as seconds and as a date', () => {
  expect(retryAfterOf('3')).toBe(3000);
  expect(retryAfterOf('Thu, 01 Jan 1970 00:00:05 GMT', 2000)).toBe(3000);
  expect(retryAfterOf('soon')).toBeUndefined();
  expect(retryAfterOf(null)).toBeUndefined();
});

it('leaves out what is not asked for', () => {
  expect(queryString({ a: undefined, b: 'x y', c: 0, d: false })).toBe('?b=x+y&c=0&d=false');
  expect(queryString({ a: undefined })).toBe('');
});
