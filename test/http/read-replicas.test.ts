import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalEvents } from '../../src/server/drivers/events/local.ts';
import { createPostgresJobQueue } from '../../src/server/drivers/job-queue/postgres.ts';
import { newId } from '../../src/server/records/ids.ts';
import { openPostgres, type PostgresConnection, preparePostgres } from '../../src/server/records/postgres.ts';
import { createUsageMeter } from '../../src/server/records/usage-meter.ts';
import { registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';
import { newPostgres, type PostgresServer } from '../support/postgres-server.ts';

let primary: PostgresServer;
let standby: PostgresServer;
let store: PostgresConnection;
let app: TestApp;
let ann: TestUser;
let bob: TestUser;

beforeAll(async () => {
  primary = await newPostgres({ synchronous_commit: 'on' });
  await preparePostgres(primary.url('postgres'));
  await primary.run(`insert into settings (name, value) values ('installation', 'one')`);
  standby = await primary.follow();
  store = openPostgres(primary.url('postgres'), { replicas: { urls: [standby.url('postgres')] } });
  const { db } = store;
  const events = createLocalEvents({ name: newId() });
  app = await startTestApp({
    services: {
      db,
      replicas: store.replicas,
      events,
      queue: createPostgresJobQueue({ db, events }),
      usage: createUsageMeter(db, (error) => {
        throw error;
      }),
    },
  });
  ann = await registerUser(app);
  bob = await registerUser(app);
  await caughtUp();
  await store.replicas?.check();
  await standby.run('select pg_wal_replay_pause()');
  while ((await standby.run('select pg_get_wal_replay_pause_state() as state'))[0]?.['state'] !== 'paused');
});
afterAll(async () => {
  await app.close();
  await store.close();
  await Promise.all([standby.stop(), primary.stop()]);
});

async function caughtUp(): Promise<void> {
  const [at] = await primary.run('select pg_current_wal_insert_lsn()::text as lsn');
  const reached = `select pg_last_wal_replay_lsn() >= '${String(at?.['lsn'])}'::pg_lsn as reached`;
  while ((await standby.run(reached))[0]?.['reached'] !== true);
}

const namesFor = async (user: TestUser): Promise<string[]> =>
  (await app.call(user, 'GET /api/v1/collections'))
    .json<{ items: { name: string }[] }>()
    .items.map(({ name }) => name)
    .sort();

test('a list comes from a replica, but whoever changed something finds it at once', async () => {
  const shared = newId();
  await primary.run(`insert into collections (id, owner_id, name, generation, next_ordinal, document_count, created_at, updated_at)
    values ('${shared}', '${bob.id}', 'By others', 0, 0, 0, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')`);
  expect(await namesFor(bob)).toEqual(['Library']);
  const made = await app.call(ann, 'POST /api/v1/collections', { name: 'New' });
  expect(made.statusCode).toBe(201);
  expect(await namesFor(ann)).toEqual(['Library', 'New']);
  expect(await namesFor(bob)).toEqual(['Library']);

  // a right that is taken away is gone at once, for whoever had it too
  const { id } = made.json<{ id: string }>();
  const member = { email: bob.email, role: 'viewer' };
  const added = await app.call(ann, `PUT /api/v1/collections/${id}/members`, member);
  expect(added.statusCode, added.body).toBeLessThan(300);
  expect(await namesFor(bob)).toEqual(['By others', 'Library', 'New']);
  await app.call(ann, `DELETE /api/v1/collections/${id}/members/${bob.id}`);
  expect(await namesFor(bob)).toEqual(['By others', 'Library']);
});

test('a session that has ended is refused at once', async () => {
  expect((await app.call(bob, 'GET /api/v1/dashboard')).statusCode).toBe(200);
  const out = await app.inject({
    method: 'POST',
    url: '/api/v1/auth/logout',
    headers: { cookie: bob.cookie },
  });
  expect(out.statusCode).toBeLessThan(300);
  expect((await app.call(bob, 'GET /api/v1/dashboard')).statusCode).toBe(401);
});
