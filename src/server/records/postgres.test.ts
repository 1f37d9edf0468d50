import { sql } from 'kysely';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { newPostgres } from '../../../test/support/postgres-server.ts';
import { newPostgresDatabase } from '../../../test/support/stores.ts';
import { migratePostgres } from './migrate-postgres.ts';
import type { Migration } from './migrations/migration.ts';
import { openPostgres, type PostgresOptions, preparePostgres } from './postgres.ts';
import { clientConfig } from './postgres-client.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function open(options: PostgresOptions = {}) {
  const url = await newPostgresDatabase();
  const connection = openPostgres(url, options);
  ends.push(() => connection.close());
  await connection.db.insertInto('settings').values({ name: 'n', value: '0' }).execute();
  return { url, ...connection };
}
const countIn = async ({ db }: Awaited<ReturnType<typeof open>>) =>
  (await db.selectFrom('settings').select('value').where('name', '=', 'n').executeTakeFirstOrThrow()).value;

test('many that look first and then write end as if one had come after the other', async () => {
  let conflicts = 0;
  const store = await open({ poolSize: 8, onConflict: () => conflicts++ });
  const addOne = () =>
    store.db.transaction().execute(async (tx) => {
      const { value } = await tx
        .selectFrom('settings')
        .select('value')
        .where('name', '=', 'n')
        .executeTakeFirstOrThrow();
      await tx
        .updateTable('settings')
        .set({ value: String(Number(value) + 1) })
        .where('name', '=', 'n')
        .execute();
    });
  await Promise.all(Array.from({ length: 40 }, addOne));
  expect(await countIn(store)).toBe('40');
  expect(conflicts).toBeGreaterThan(0);
});

test('a row that came between the look and the write is seen when the transaction begins anew', async () => {
  const store = await open();
  const looked = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const put = store.db.transaction().execute(async (tx) => {
    const there = await tx.selectFrom('settings').select('value').where('name', '=', 'x').executeTakeFirst();
    looked.resolve();
    await written.promise;
    if (there !== undefined) return there.value;
    await tx.insertInto('settings').values({ name: 'x', value: 'late' }).execute();
    return 'late';
  });
  await looked.promise;
  await store.db.insertInto('settings').values({ name: 'x', value: 'early' }).execute();
  written.resolve();
  expect(await put).toBe('early');
});

test('a fault of the work itself is not repeated, and leaves nothing', async () => {
  const store = await open();
  let tries = 0;
  const failing = store.db.transaction().execute(async (tx) => {
    tries++;
    await tx.updateTable('settings').set({ value: '9' }).execute();
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(tries).toBe(1);
  expect(await countIn(store)).toBe('0');
});

test('connections have their limits, and the pool tells how it stands', async () => {
  const store = await open({ poolSize: 3 });
  const show = async (name: string) =>
    (await sql<Record<string, string>>`show ${sql.raw(name)}`.execute(store.db)).rows[0]?.[name];
  expect(await show('statement_timeout')).toBe('30s');
  expect(await show('lock_timeout')).toBe('10s');
  expect(await show('idle_in_transaction_session_timeout')).toBe('1min');
  expect(store.pool()).toMatchObject({ open: 1, idle: 1, waiting: 0, size: 3 });
  const slow = Array.from({ length: 5 }, () => sql`select pg_sleep(0.05)`.execute(store.db));
  await new Promise(setImmediate);
  expect(store.pool().waiting).toBeGreaterThan(0);
  await Promise.all(slow);
  expect(store.pool()).toMatchObject({ open: 3, waiting: 0 });
});

test('what waits or runs for too long ends, and may be asked again', async () => {
  const store = await open({ poolSize: 2 });
  const held = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const holding = store.db.transaction().execute(async (tx) => {
    await sql`lock table settings in access exclusive mode`.execute(tx);
    locked.resolve();
    await held.promise;
  });
  await locked.promise;
  const within = (limit: string, statement: string) =>
    store.db.transaction().execute(async (tx) => {
      await sql`set local ${sql.raw(limit)} = '20ms'`.execute(tx);
      await sql.raw(statement).execute(tx);
    });
  await expect(within('lock_timeout', 'select * from settings')).rejects.toMatchObject({
    name: 'UpstreamError',
    retryable: true,
    message: expect.stringContaining('waits for another change'),
  });
  await expect(within('statement_timeout', 'select pg_sleep(10)')).rejects.toMatchObject({
    name: 'UpstreamError',
    retryable: true,
    message: expect.stringContaining('took too long'),
  });
  held.resolve();
  await holding;
  expect(store.pool()).toMatchObject({ idle: 2, waiting: 0 });
});

test('a character that PostgreSQL cannot hold becomes another one, in its place, and is found again', async () => {
  const { db } = await open();
  const name = 'a\0b\0';
  await db
    .insertInto('settings')
    .values({ name, value: JSON.stringify(name) })
    .execute();
  const found = await db.selectFrom('settings').selectAll().where('name', 'in', [name]).execute();
  expect(found).toEqual([{ name: 'a\ufffdb\ufffd', value: JSON.stringify(name) }]);
  const listed = await sql<{ is: boolean }>`select ${name} = any(${[name]}) as is`.execute(db);
  expect(listed.rows).toEqual([{ is: true }]);
});

test('reads and transactions go on by themselves after the server was killed and began again', async () => {
  const server = await newPostgres({ synchronous_commit: 'on' });
  ends.push(() => server.stop());
  await preparePostgres(server.url('postgres'));
  const connection = openPostgres(server.url('postgres'));
  ends.push(() => connection.close());
  const { db } = connection;
  const put = (name: string) =>
    db.transaction().execute((tx) => tx.insertInto('settings').values({ name, value: '' }).execute());
  await put('before');
  await server.kill();
  await expect(db.selectFrom('settings').select('name').execute()).rejects.toMatchObject({
    service: 'postgres',
    retryable: true,
  });
  await server.restart();
  await put('after');
  expect(await db.selectFrom('settings').select('name').orderBy('name').execute()).toEqual([
    { name: 'after' },
    { name: 'before' },
  ]);
});

test('a read finds another connection when its own was ended by the server', async () => {
  const store = await open({ poolSize: 1 });
  const other = new pg.Client(clientConfig(store.url));
  await other.connect();
  await other.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await other.end();
  expect(await countIn(store)).toBe('0');
});

test('a connection lost in the middle of a transaction fails that one alone', async () => {
  const store = await open({ poolSize: 2 });
  const torn = store.db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    const pid = rows[0]?.pid as number;
    await sql`select pg_terminate_backend(${pid}, 5000)`.execute(store.db);
    await new Promise((resolve) => setImmediate(resolve));
    await tx.updateTable('settings').set({ value: '9' }).execute();
  });
  await expect(torn).rejects.toMatchObject({ service: 'postgres', retryable: true });
  expect(await countIn(store)).toBe('0');
});

test('of processes that start at once, one migrates and the others find nothing to do', async () => {
  const url = await newPostgresDatabase({ empty: true });
  const runs = await Promise.all([preparePostgres(url), preparePostgres(url), preparePostgres(url)]);
  const newest = runs[0]?.to as number;
  expect(runs.map(({ from }) => from).sort()).toEqual([0, newest, newest]);
});

test('a migration that fails leaves nothing, and a newer database is refused', async () => {
  const url = await newPostgresDatabase({ empty: true });
  const client = new pg.Client(clientConfig(url));
  await client.connect();
  ends.push(() => client.end());
  const step = (version: number, ...statements: string[]): Migration => ({
    version,
    name: `m${version}`,
    statements: () => statements,
  });
  const good = step(1, 'create table a (x text)');
  await expect(
    migratePostgres(client, [good, step(2, 'create table b (x text)', 'nonsense')]),
  ).rejects.toThrow('nonsense');
  expect((await client.query(`select to_regclass('a') as a, to_regclass('b') as b`)).rows).toEqual([
    { a: null, b: null },
  ]);
  await migratePostgres(client, [good, step(2, 'create table b (x text)')]);
  await expect(migratePostgres(client, [good])).rejects.toThrow('newer release');
  const { rows } = await client.query(
    `select table_name, collation_name from information_schema.columns where column_name = 'x' order by 1`,
  );
  expect(rows).toEqual([
    { table_name: 'a', collation_name: 'C' },
    { table_name: 'b', collation_name: 'C' },
  ]);
});

test('a server that does not answer is named', async () => {
  await expect(preparePostgres('postgres://127.0.0.1:1/ka')).rejects.toMatchObject({
    service: 'postgres',
    retryable: true,
    message: expect.stringContaining('DATABASE_URL'),
  });
});

test.each([
  ['', false],
  ['?sslmode=disable', false],
  ['?sslmode=require', { rejectUnauthorized: false }],
  ['?sslmode=verify-full', { rejectUnauthorized: true }],
])('TLS follows sslmode: %j', (query, expected) => {
  const config = clientConfig(`postgres://u:p@db:5432/ka${query}`);
  expect(config.ssl).toEqual(expected);
  expect(config.connectionString).toBe('postgres://u:p@db:5432/ka');
});
