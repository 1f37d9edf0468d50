import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keptSecret } from '../../src/server/http/jwt-secret.ts';
import { createLoginThrottle } from '../../src/server/http/login-throttle.ts';
import { createPasswords } from '../../src/server/http/passwords.ts';
import { registerUser, testApp } from '../support/http.ts';

test('the first account is the administrator, the next is not, and both begin with a Library', async () => {
  const app = await testApp();
  const first = await app.call(undefined, 'POST /api/v1/auth/register', {
    email: ' First@Example.org ',
    password: 'a long password',
  });
  expect(first.statusCode).toBe(201);
  expect(first.json()).toMatchObject({
    user: { email: 'first@example.org', role: 'admin', name: '' },
    expiresIn: 900,
  });
  const cookie = String(first.headers['set-cookie']);
  for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/api/v1/auth']) expect(cookie).toContain(part);
  expect(cookie).not.toContain('Secure');
  const second = await registerUser(app);
  expect((await app.call(second, 'GET /api/v1/me')).json()).toMatchObject({
    role: 'user',
    usedBytes: 0,
    quotaMb: null,
  });
  expect((await app.call(second, 'GET /api/v1/collections')).json()).toMatchObject({
    total: 1,
    items: [{ name: 'Library', role: 'owner', documentCount: 0 }],
  });
});

test('of many that register at once exactly one is the administrator, and an email is taken once', async () => {
  const app = await testApp();
  const emails = ['a@x.org', 'b@x.org', 'c@x.org', 'a@x.org', 'A@x.org'];
  const answers = await Promise.all(
    emails.map((email) =>
      app.call(undefined, 'POST /api/v1/auth/register', { email, password: 'a long password' }),
    ),
  );
  const made = answers.filter(({ statusCode }) => statusCode === 201);
  expect(made).toHaveLength(3);
  expect(made.filter((answer) => answer.json().user.role === 'admin')).toHaveLength(1);
  for (const taken of answers.filter(({ statusCode }) => statusCode !== 201))
    expect(taken.json()).toMatchObject({ status: 409, type: 'urn:ka:error:email-taken' });
});

test('closed registration lets only the first account in', async () => {
  const app = await testApp({ env: { REGISTRATION_ENABLED: 'false' } });
  await registerUser(app);
  const second = await app.call(undefined, 'POST /api/v1/auth/register', {
    email: 'b@x.org',
    password: 'a long password',
  });
  expect(second.json()).toMatchObject({ status: 403, type: 'urn:ka:error:registration-disabled' });
});

test('https in PUBLIC_URL makes the cookie secure', async () => {
  const app = await testApp({ env: { PUBLIC_URL: 'https://ka.example.org' } });
  const answer = await app.call(undefined, 'POST /api/v1/auth/register', {
    email: 'a@x.org',
    password: 'a long password',
  });
  expect(String(answer.headers['set-cookie'])).toContain('; Secure');
});

test('a wrong password and an unknown email get the same answer, and repeated failures a wait', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const login = (email: string, password: string) =>
    app.call(undefined, 'POST /api/v1/auth/login', { email, password });
  const wrong = await login(user.email, 'not the password');
  const unknown = await login('nobody@example.org', 'not the password');
  expect([wrong.statusCode, unknown.statusCode]).toEqual([401, 401]);
  const same = ({ requestId: _, ...rest }: Record<string, unknown>) => rest;
  expect(same(wrong.json())).toEqual(same(unknown.json()));
  expect((await login(user.email, user.password)).statusCode).toBe(200);
  for (let n = 0; n < 5; n++) expect((await login(user.email, 'not it')).statusCode).toBe(401);
  const throttled = await login(user.email, user.password);
  expect(throttled.statusCode).toBe(429);
  expect(Number(throttled.headers['retry-after'])).toBeGreaterThan(0);
});

test('waits double, are bounded, and end with a success', () => {
  let time = 1;
  const throttle = createLoginThrottle(() => time);
  const waits: number[] = [];
  for (let n = 0; n < 16; n++) {
    const before = time;
    for (;;) {
      try {
        throttle.begin('a@x.org', `10.0.0.${n}`);
        break;
      } catch (error) {
        time += (error as { retryAfterSeconds: number }).retryAfterSeconds * 1000 + 0.001;
      }
    }
    waits.push(Math.round((time - before) / 1000));
  }
  expect(waits).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]);
  throttle.succeeded('a@x.org', '10.0.0.1');
  throttle.begin('a@x.org', '10.0.0.77');
});

test('one’s own sign-ins do not wash away guesses at others from the same address', () => {
  const throttle = createLoginThrottle(() => 1);
  expect(() => {
    for (let n = 0; n < 100; n++) {
      throttle.begin(`victim${n}@x.org`, '10.0.0.1');
      throttle.begin('me@x.org', '10.0.0.1');
      throttle.succeeded('me@x.org', '10.0.0.1');
    }
  }).toThrow('Too many failed tries');
});

test('passwords are hashed as argon2id, verified under either algorithm, and hashed anew when outdated', async () => {
  const now = createPasswords();
  const old = createPasswords(false);
  const hashed = await now.hash('pässword');
  expect(hashed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  const scrypt = await old.hash('pässword');
  expect(scrypt).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/);
  expect(await now.verify('pa\u0308ssword', hashed)).toBe(true);
  expect(await now.verify('pässword', scrypt)).toBe(true);
  expect(await now.verify('password', scrypt)).toBe(false);
  expect(await now.verify('pässword', undefined)).toBe(false);
  expect([now.isOutdated(scrypt), now.isOutdated(hashed)]).toEqual([true, false]);

  const app = await testApp();
  const user = await registerUser(app);
  await app.db
    .updateTable('users')
    .set({ password_hash: await old.hash(user.password) })
    .execute();
  const login = await app.call(undefined, 'POST /api/v1/auth/login', {
    email: user.email,
    password: user.password,
  });
  expect(login.statusCode).toBe(200);
  const row = await app.db.selectFrom('users').select('password_hash').executeTakeFirstOrThrow();
  expect(row.password_hash).toContain('$argon2id$');
});

test('a change of password needs the old one and ends the other sessions', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const { email, password } = user;
  const other = {
    token: (await app.call(undefined, 'POST /api/v1/auth/login', { email, password })).json().accessToken,
  };
  const without = await app.call(user, 'PATCH /api/v1/me', { password: 'another password' });
  expect(without.json()).toMatchObject({ status: 400, errors: [{ path: 'currentPassword' }] });
  const wrong = await app.call(user, 'PATCH /api/v1/me', {
    password: 'another password',
    currentPassword: 'no',
  });
  expect(wrong.json()).toMatchObject({
    status: 400,
    errors: [{ path: 'currentPassword', message: 'is wrong' }],
  });
  const done = await app.call(user, 'PATCH /api/v1/me', {
    name: 'Ada',
    password: 'another password',
    currentPassword: password,
  });
  expect(done.json()).toMatchObject({ name: 'Ada', email });
  expect((await app.call(user, 'GET /api/v1/me')).statusCode).toBe(200);
  expect((await app.call(other, 'GET /api/v1/me')).json()).toMatchObject({
    status: 401,
    type: 'urn:ka:error:session-ended',
  });
  expect((await app.call(undefined, 'POST /api/v1/auth/login', { email, password })).statusCode).toBe(401);
  expect(
    (await app.call(undefined, 'POST /api/v1/auth/login', { email, password: 'another password' }))
      .statusCode,
  ).toBe(200);
});

test('a deleted account is gone with all its credentials, and the last administrator stays while others are there', async () => {
  const app = await testApp();
  const admin = await registerUser(app);
  const user = await registerUser(app);
  const key = { token: (await app.call(user, 'POST /api/v1/api-keys', { name: 'k' })).json().key };
  const remove = (who: { token: string }, body?: unknown) => app.call(who, 'DELETE /api/v1/me', body);
  expect((await remove(user)).json()).toMatchObject({ status: 400, errors: [{ path: 'password' }] });
  expect((await remove(user, { password: 'wrong' })).statusCode).toBe(400);
  expect((await remove(key, { password: user.password })).statusCode).toBe(403);
  expect((await remove(admin, { password: admin.password })).json()).toMatchObject({ status: 409 });
  expect((await remove(user, { password: user.password })).statusCode).toBe(204);
  for (const who of [user, key]) expect((await app.call(who, 'GET /api/v1/me')).statusCode).toBe(401);
  const { email, password } = user;
  expect((await app.call(undefined, 'POST /api/v1/auth/login', { email, password })).statusCode).toBe(401);
  expect((await remove(admin, { password: admin.password })).statusCode).toBe(204);
  expect((await registerUser(app, email)).id).not.toBe(user.id);
  expect(await app.db.selectFrom('users').select('role').execute()).toEqual([{ role: 'admin' }]);
});

test('the secret is made once, whole, and for its owner only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ka-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const secret = keptSecret(folder);
  expect(secret.length).toBeGreaterThanOrEqual(48);
  expect(keptSecret(folder)).toBe(secret);
  expect(readFileSync(join(folder, 'jwt-secret'), 'utf8').trim()).toBe(secret);
  expect(statSync(join(folder, 'jwt-secret')).mode & 0o777).toBe(0o600);
});
