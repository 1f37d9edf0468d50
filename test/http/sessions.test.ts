import { createHmac } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { pruneAudit } from '../../src/server/records/audit.ts';
import { pruneSessions } from '../../src/server/records/sessions.ts';
import { registerUser, type TestApp, testApp } from '../support/http.ts';

const refresh = (app: TestApp, cookie: string, headers: Record<string, string> = {}) =>
  app.call(undefined, 'POST /api/v1/auth/refresh', undefined, { cookie, ...headers });
const cookieOf = (answer: { headers: Record<string, unknown> }) =>
  String(answer.headers['set-cookie']).split(';')[0] as string;

afterEach(() => {
  vi.useRealTimers();
});

test('a refresh token is taken for its successor', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const first = await refresh(app, user.cookie);
  expect(first.statusCode).toBe(200);
  expect(first.json().user).toMatchObject({ id: user.id });
  const second = await refresh(app, cookieOf(first));
  expect(second.statusCode).toBe(200);
  expect(new Set([user.cookie, cookieOf(first), cookieOf(second)]).size).toBe(3);
  expect((await app.call({ token: second.json().accessToken }, 'GET /api/v1/me')).statusCode).toBe(200);
});

test('two tabs that refresh at once get the same successor', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const [one, two] = await Promise.all([refresh(app, user.cookie), refresh(app, user.cookie)]);
  expect([one.statusCode, two.statusCode]).toEqual([200, 200]);
  expect(cookieOf(one)).toBe(cookieOf(two));
  expect(await app.db.selectFrom('refresh_tokens').selectAll().execute()).toHaveLength(2);
});

test('a token that comes back after its successor was used ends the session for everybody', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const next = await refresh(app, user.cookie);
  const afterNext = await refresh(app, cookieOf(next));
  const stolen = await refresh(app, user.cookie);
  expect(stolen.json()).toMatchObject({ status: 401, type: 'urn:ka:error:session-ended' });
  expect(String(stolen.headers['set-cookie'])).toContain('Max-Age=0');
  expect((await refresh(app, cookieOf(afterNext))).statusCode).toBe(401);
  expect((await app.call(user, 'GET /api/v1/me')).json()).toMatchObject({
    type: 'urn:ka:error:session-ended',
  });
  const audit = await app.db.selectFrom('audit').select('action').execute();
  expect(audit).toContainEqual({ action: 'session.reuse-detected' });
});

test('a token that comes back late ends the session although its successor was not used', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const next = await refresh(app, user.cookie);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 });
  expect((await refresh(app, user.cookie)).statusCode).toBe(401);
  expect((await refresh(app, cookieOf(next))).statusCode).toBe(401);
});

test('signing out ends the session at once, by token or by cookie', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const { email, password } = user;
  const other = await app.call(undefined, 'POST /api/v1/auth/login', { email, password });
  expect((await app.call(user, 'POST /api/v1/auth/logout')).statusCode).toBe(204);
  expect((await app.call(user, 'GET /api/v1/me')).statusCode).toBe(401);
  expect((await refresh(app, user.cookie)).statusCode).toBe(401);
  const token = { token: other.json().accessToken };
  expect((await app.call(token, 'GET /api/v1/me')).statusCode).toBe(200);
  const out = await app.call(undefined, 'POST /api/v1/auth/logout', undefined, { cookie: cookieOf(other) });
  expect(out.statusCode).toBe(204);
  expect((await app.call(token, 'GET /api/v1/me')).statusCode).toBe(401);
  expect((await app.call(undefined, 'POST /api/v1/auth/logout')).statusCode).toBe(204);
});

test('pages of other sites may not act by cookie, the app’s own and listed ones may', async () => {
  const app = await testApp({
    env: { CORS_ORIGINS: 'https://friend.example.org', PUBLIC_URL: 'https://ka.example.org' },
  });
  const { cookie } = await registerUser(app);
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example.org' },
    { origin: 'null' },
    { origin: 'https://evil.example.org', 'sec-fetch-site': 'same-origin' },
  ]) {
    expect((await refresh(app, cookie, headers)).statusCode).toBe(403);
    expect(
      (await app.call(undefined, 'POST /api/v1/auth/logout', undefined, { cookie, ...headers })).statusCode,
    ).toBe(403);
  }
  let last = cookie;
  for (const headers of [
    { 'sec-fetch-site': 'same-origin', origin: 'https://ka.example.org' },
    { host: 'localhost:8000', origin: 'http://localhost:8000' },
    { origin: 'https://friend.example.org', 'sec-fetch-site': 'cross-site' },
  ]) {
    const answer = await refresh(app, last, headers);
    expect(answer.statusCode).toBe(200);
    last = cookieOf(answer);
  }
});

test('forged, foreign, unsigned and run-out access tokens are refused', async () => {
  const app = await testApp({ env: { JWT_SECRET: 'a secret of more than thirty-two characters' } });
  const user = await registerUser(app);
  const [header, payload] = user.token.split('.') as [string, string];
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = (head: unknown, body: unknown, secret: string, hash = 'sha256') => {
    const text = `${b64(head)}.${b64(body)}`;
    return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
  };
  const secret = 'a secret of more than thirty-two characters';
  const hs256 = { alg: 'HS256', typ: 'JWT' };
  expect((await app.call({ token: signed(hs256, claims, secret) }, 'GET /api/v1/me')).statusCode).toBe(200);
  for (const token of [
    signed(hs256, claims, 'another secret of thirty-two characters'),
    signed({ alg: 'HS512', typ: 'JWT' }, claims, secret, 'sha512'),
    `${b64({ alg: 'none' })}.${payload}.`,
    `${header}.${b64({ ...claims, sid: 'x' })}.${user.token.split('.')[2]}`,
    signed(hs256, { ...claims, exp: claims.iat - 1 }, secret),
    signed(hs256, { sub: claims.sub, sid: claims.sid }, secret),
    'ka_0000000000000000000000000000000000000000000',
    'x',
    '',
  ]) {
    const answer = await app.call({ token }, 'GET /api/v1/me');
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  }
});

test('an access token that was verified before still runs out', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  expect((await app.call(user, 'GET /api/v1/me')).statusCode).toBe(200);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 16 * 60_000 });
  expect((await app.call(user, 'GET /api/v1/me')).json()).toMatchObject({
    status: 401,
    detail: expect.stringContaining('run out'),
  });
});

test('sessions that ran out and old failed sign-ins are forgotten, the rest stays', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const { db } = app;
  const { email } = user;
  await app.call(undefined, 'POST /api/v1/auth/login', { email, password: 'wrong' });
  await app.call(undefined, 'POST /api/v1/auth/login', { email, password: user.password });
  await pruneSessions(db);
  await pruneAudit(db);
  const count = async () => [
    (await db.selectFrom('sessions').selectAll().execute()).length,
    (await db.selectFrom('audit').selectAll().execute()).length,
  ];
  expect(await count()).toEqual([2, 3]);
  const longAgo = new Date(0).toISOString();
  await db.updateTable('audit').set({ at: longAgo }).execute();
  await db
    .updateTable('sessions')
    .set({ expires_at: longAgo })
    .where('id', '=', sessionOf(user.token))
    .execute();
  await pruneSessions(db);
  await pruneAudit(db);
  expect(await count()).toEqual([1, 2]);
  expect(await db.selectFrom('refresh_tokens').selectAll().execute()).toHaveLength(1);
});

const sessionOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sid;

test('a change of the secret ends no session: the one before is taken beside it, and signs nothing', async () => {
  const [old, young] = [
    'the secret of more than thirty-two letters',
    'its successor of more than thirty-two letters',
  ];
  const before = await testApp({ env: { JWT_SECRET: old } });
  const services = { db: before.db };
  const between = await testApp({ env: { JWT_SECRET: young, JWT_SECRET_PREVIOUS: old }, services });
  const after = await testApp({ env: { JWT_SECRET: young }, services });
  const user = await registerUser(before);
  const me = async (app: TestApp, token: string) => (await app.call({ token }, 'GET /api/v1/me')).statusCode;
  expect([await me(between, user.token), await me(after, user.token)]).toEqual([200, 401]);

  // two tabs whose refreshes meet processes with other secrets do not look like a thief
  const [one, two] = [await refresh(before, user.cookie), await refresh(between, user.cookie)];
  expect([one.statusCode, two.statusCode]).toEqual([200, 200]);
  expect(cookieOf(two)).toBe(cookieOf(one));

  const renewed = await refresh(between, cookieOf(two));
  const { accessToken } = renewed.json();
  expect([await me(before, accessToken), await me(after, accessToken)]).toEqual([401, 200]);
  expect((await refresh(after, cookieOf(renewed))).statusCode).toBe(200);
});

test('what ends a session or a key counts at once in every process of the installation', async () => {
  const env = { JWT_SECRET: 'one secret for both of the processes' };
  const one = await testApp({ env });
  const two = await testApp({ env, services: { db: one.db } });
  const admin = await registerUser(one);
  const user = await registerUser(one);
  const key = (await one.call(user, 'POST /api/v1/api-keys', { name: 'k' })).json();
  const told = async (token: string) => (await two.call({ token }, 'GET /api/v1/me')).statusCode;
  const credentials = async () => [await told(user.token), await told(key.key)];
  expect(await credentials()).toEqual([200, 200]);
  const suspend = (suspended: boolean) =>
    one.call(admin, `PATCH /api/v1/admin/users/${user.id}`, { suspended });
  await suspend(true);
  expect(await credentials()).toEqual([403, 403]);
  expect((await refresh(two, user.cookie)).statusCode).toBe(403);
  await suspend(false);
  expect(await credentials()).toEqual([200, 200]);
  await one.call(user, `DELETE /api/v1/api-keys/${key.id}`);
  expect(await credentials()).toEqual([200, 401]);
  await one.call(undefined, 'POST /api/v1/auth/logout', undefined, { cookie: user.cookie });
  expect(await credentials()).toEqual([401, 401]);
  expect((await refresh(two, user.cookie)).statusCode).toBe(401);
});

test('tries to sign in count for the address that the proxy saw, whatever the client claims', async () => {
  const app = await testApp({ env: { TRUST_PROXY: 'true' } });
  let tries = 0;
  const attempt = async (seen: string) => {
    tries++;
    const body = { email: `nobody${tries}@example.org`, password: 'a guess at it' };
    const claimed = { 'x-forwarded-for': `198.51.100.${tries}, ${seen}` };
    return (await app.call(undefined, 'POST /api/v1/auth/login', body, claimed)).statusCode;
  };
  const answers: number[] = [];
  for (let i = 0; i < 21; i++) answers.push(await attempt('203.0.113.7'));
  expect(answers).toEqual([...Array(20).fill(401), 429]);
  expect(await attempt('203.0.113.8')).toBe(401);
});
