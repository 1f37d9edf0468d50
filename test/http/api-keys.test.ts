import { expect, test } from 'vitest';
import { registerUser, testApp } from '../support/http.ts';

test('a key is shown once, kept as a hash, and opens what its scopes allow', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const made = await app.call(user, 'POST /api/v1/api-keys', { name: 'reader', scopes: ['read'] });
  expect(made.statusCode).toBe(201);
  const { id, key, prefix, scopes } = made.json();
  expect(key).toMatch(/^ka_[\w-]{43}$/);
  expect(key.startsWith(prefix)).toBe(true);
  expect(scopes).toEqual(['read']);
  expect(JSON.stringify(await app.db.selectFrom('api_keys').selectAll().execute())).not.toContain(key);
  const listed = await app.call(user, 'GET /api/v1/api-keys');
  expect(listed.json()).toMatchObject({ total: 1, items: [{ id, name: 'reader', lastUsedAt: null }] });
  expect(listed.body).not.toContain(key);

  const reader = { token: key };
  expect((await app.call(reader, 'GET /api/v1/me')).json()).toMatchObject({ id: user.id });
  const refused = await app.call(reader, 'POST /api/v1/collections', { name: 'x' });
  expect(refused.json()).toMatchObject({ status: 403, type: 'urn:ka:error:forbidden' });
  const used = await app.call(user, 'GET /api/v1/api-keys');
  expect(used.json().items[0].lastUsedAt).not.toBeNull();
});

test('the time of last use is written once a minute at most', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const { key } = (await app.call(user, 'POST /api/v1/api-keys', { name: 'k' })).json();
  const read = () => app.db.selectFrom('api_keys').select('last_used_at').executeTakeFirstOrThrow();
  await app.call({ token: key }, 'GET /api/v1/me');
  const first = await read();
  await app.call({ token: key }, 'GET /api/v1/me');
  expect(await read()).toEqual(first);
  const old = new Date(Date.now() - 61_000).toISOString();
  await app.db.updateTable('api_keys').set({ last_used_at: old }).execute();
  await app.call({ token: key }, 'GET /api/v1/me');
  expect((await read()).last_used_at).not.toBe(old);
});

test('a deleted key is dead at once, and a key neither makes nor deletes keys', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const { id, key } = (await app.call(user, 'POST /api/v1/api-keys', { name: 'k' })).json();
  const holder = { token: key };
  expect((await app.call(holder, 'POST /api/v1/api-keys', { name: 'child' })).statusCode).toBe(403);
  expect((await app.call(holder, `DELETE /api/v1/api-keys/${id}`)).statusCode).toBe(403);
  expect((await app.call(user, `DELETE /api/v1/api-keys/${id}`)).statusCode).toBe(204);
  expect((await app.call(holder, 'GET /api/v1/me')).statusCode).toBe(401);
  expect((await app.call(user, `DELETE /api/v1/api-keys/${id}`)).statusCode).toBe(404);
});
