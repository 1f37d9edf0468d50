import { expect, test } from 'vitest';
import { registerUser, testApp } from '../support/http.ts';

test('the first account is the administrator, the next is not', async () => {
  const app = await testApp();
  const first = await app.call(undefined, 'POST /api/v1/auth/register', {
    email: ' First@Example.org ',
    password: 'a long password',
  });
  expect(first.statusCode).toBe(201);
  expect(first.json().user).toMatchObject({ email: 'first@example.org', role: 'admin', name: '' });
  const second = await registerUser(app);
  const collections = await app.call(second, 'GET /api/v1/collections');
  expect(collections.json()).toMatchObject({
    total: 1,
    items: [{ name: 'Library', role: 'owner', documentCount: 0 }],
  });
});
