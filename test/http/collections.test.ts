import { afterAll, beforeAll, expect, test } from 'vitest';
import { homeCollection } from '../../src/server/records/collections.ts';
import { registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';

let app: TestApp;
let owner: TestUser;
let friend: TestUser;
let stranger: TestUser;
beforeAll(async () => {
  app = await startTestApp();
  owner = await registerUser(app);
  friend = await registerUser(app);
  stranger = await registerUser(app);
});
afterAll(() => app.close());

const create = async (who: TestUser, name: string): Promise<string> =>
  (await app.call(who, 'POST /api/v1/collections', { name })).json().id;
const share = (id: string, email: string, role: string, who = owner) =>
  app.call(who, `PUT /api/v1/collections/${id}/members`, { email, role });

test('a viewer sees, an editor is told apart from the owner, and a stranger finds nothing', async () => {
  const id = await create(owner, 'Shared');
  const url = `/api/v1/collections/${id}`;
  expect((await app.call(friend, `GET ${url}`)).statusCode).toBe(404);
  expect((await share(id, friend.email.toUpperCase(), 'viewer')).json()).toEqual({
    userId: friend.id,
    email: friend.email,
    name: '',
    role: 'viewer',
  });
  expect((await app.call(friend, `GET ${url}`)).json()).toMatchObject({ id, name: 'Shared', role: 'viewer' });
  expect((await app.call(friend, `PATCH ${url}`, { name: 'Mine' })).statusCode).toBe(403);
  expect((await share(id, friend.email, 'editor')).json().role).toBe('editor');
  for (const [route, body] of [
    [`PATCH ${url}`, { name: 'Mine' }],
    [`DELETE ${url}`, undefined],
    [`PUT ${url}/members`, { email: stranger.email, role: 'viewer' }],
    [`DELETE ${url}/members/${owner.id}`, undefined],
  ] as const) {
    expect((await app.call(friend, route, body)).statusCode).toBe(403);
    expect((await app.call(stranger, route, body)).statusCode).toBe(404);
  }
  const members = await app.call(friend, `GET ${url}/members`);
  expect(members.json().items.map((m: { role: string }) => m.role)).toEqual(['owner', 'editor']);
});

test('a member may leave, an owner may not, and nobody shares with the unknown', async () => {
  const id = await create(owner, 'Leaving');
  await share(id, friend.email, 'viewer');
  expect((await app.call(owner, `DELETE /api/v1/collections/${id}/members/${owner.id}`)).statusCode).toBe(
    409,
  );
  expect((await share(id, owner.email, 'viewer')).statusCode).toBe(409);
  expect((await share(id, 'nobody@example.org', 'viewer')).statusCode).toBe(404);
  expect((await app.call(friend, `DELETE /api/v1/collections/${id}/members/${friend.id}`)).statusCode).toBe(
    204,
  );
  expect((await app.call(friend, `GET /api/v1/collections/${id}`)).statusCode).toBe(404);
  expect((await app.call(owner, `DELETE /api/v1/collections/${id}/members/${friend.id}`)).statusCode).toBe(
    404,
  );
});

test('a deleted collection is gone for its members too, and the last one is made anew when it is needed', async () => {
  const id = await create(owner, 'Short-lived');
  await share(id, friend.email, 'viewer');
  expect((await app.call(owner, `DELETE /api/v1/collections/${id}`)).statusCode).toBe(204);
  for (const who of [owner, friend])
    expect((await app.call(who, `GET /api/v1/collections/${id}`)).statusCode).toBe(404);

  const loner = await registerUser(app);
  expect((await homeCollection(app.db, loner.id)).id).toBe(loner.collectionId);
  expect((await app.call(loner, `DELETE /api/v1/collections/${loner.collectionId}`)).statusCode).toBe(204);
  const again = await Promise.all([1, 2, 3].map(() => homeCollection(app.db, loner.id)));
  expect(new Set(again.map((row) => row.id)).size).toBe(1);
  expect(again[0]?.name).toBe('Library');
});

test('own and shared collections come in pages that follow each other', async () => {
  const reader = await registerUser(app);
  for (let n = 0; n < 4; n++) {
    await create(reader, `Own ${n}`);
    const id = await create(owner, `Given ${n}`);
    await share(id, reader.email, 'viewer');
  }
  const names: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await app.call(
      reader,
      `GET /api/v1/collections?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    const { items, nextCursor, total } = page.json();
    expect(total).toBe(9);
    names.push(...items.map((item: { name: string }) => item.name));
    cursor = nextCursor;
  }
  expect(names).toEqual(['Library', ...[0, 1, 2, 3].flatMap((n) => [`Own ${n}`, `Given ${n}`])]);
  for (const bad of ['x', 'bnVsbA', '%00'])
    expect((await app.call(reader, `GET /api/v1/collections?cursor=${bad}`)).json()).toMatchObject({
      status: 400,
      type: 'urn:ka:error:invalid-cursor',
    });
});

test('names are trimmed, and empty, endless or broken ones refused', async () => {
  expect((await app.call(owner, 'POST /api/v1/collections', { name: '  Füße 🦶 ' })).json().name).toBe(
    'Füße 🦶',
  );
  for (const name of ['', '   ', 'x'.repeat(101), 'a\0b', 7, null]) {
    const answer = await app.call(owner, 'POST /api/v1/collections', { name });
    expect(answer.json()).toMatchObject({ status: 400, errors: [{ path: 'name' }] });
  }
});
