import { connect, createServer, type Socket } from 'node:net';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newPostgres, type PostgresServer } from '../../../test/support/postgres-server.ts';
import { openPostgres, type PostgresConnection, preparePostgres } from './postgres.ts';
import type { ReadReplicas, ReplicaOptions } from './read-replicas.ts';

let primary: PostgresServer;
let standbys: PostgresServer[];
beforeAll(async () => {
  primary = await newPostgres({ synchronous_commit: 'on' });
  await preparePostgres(primary.url('postgres'));
  await primary.run(`insert into settings (name, value) values ('installation', 'one'), ('n', '0')`);
  standbys = [await primary.follow(), await primary.follow()];
});
afterAll(() => Promise.all([primary, ...standbys].map((server) => server.stop())));

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

type Opened = PostgresConnection & { readonly replicas: ReadReplicas };

/** As a process opens them; looked at when the test says so. */
async function open(options: Partial<ReplicaOptions> = {}): Promise<Opened> {
  const urls = standbys.map((server) => server.url('postgres'));
  const replicas = { urls, checkEveryMs: 3_600_000, ...options };
  const connection = openPostgres(primary.url('postgres'), { replicas }) as Opened;
  ends.push(() => connection.close());
  await connection.replicas.check();
  return connection;
}

const request = <T>(
  { replicas }: Opened,
  userId: string,
  work: () => Promise<T>,
  mayLag = true,
): Promise<T> =>
  new Promise((resolve, reject) => replicas.serve(userId, mayLag, () => work().then(resolve, reject)));

/** The port of the server that answers a plain read. */
const whoAnswers = async ({ db }: Opened): Promise<number> =>
  Number((await sql<{ port: number }>`select inet_server_port() as port`.execute(db)).rows[0]?.port);
const readBy = (store: Opened, userId: string) => request(store, userId, () => whoAnswers(store));
const write = (store: Opened, userId: string, value: string) =>
  request(
    store,
    userId,
    () => store.db.updateTable('settings').set({ value }).where('name', '=', 'n').execute(),
    false,
  );
const portsOf = (servers: readonly PostgresServer[]) => servers.map(({ port }) => port).sort();

async function pauseReplay(...servers: PostgresServer[]): Promise<void> {
  for (const server of servers) await server.run('select pg_wal_replay_pause()');
  // what is being replayed is brought to its end first
  for (const server of servers)
    while ((await server.run('select pg_get_wal_replay_pause_state() as state'))[0]?.['state'] !== 'paused');
}
const resumeReplay = async (...servers: PostgresServer[]) => {
  for (const server of servers) await server.run('select pg_wal_replay_resume()');
};
/** Until the server has replayed what the primary has written by now. */
async function replayed(server: PostgresServer): Promise<void> {
  const [at] = await primary.run('select pg_current_wal_insert_lsn()::text as lsn');
  const reached = `select pg_last_wal_replay_lsn() >= '${String(at?.['lsn'])}'::pg_lsn as reached`;
  while ((await server.run(reached))[0]?.['reached'] !== true);
}

test('reads of requests go to the replicas in turn; all others go to the primary', async () => {
  const store = await open();
  const ports = [await readBy(store, 'ann'), await readBy(store, 'ann'), await readBy(store, 'ann')];
  expect(ports.slice(0, 2).sort()).toEqual(portsOf(standbys));
  expect(ports[2]).toBe(ports[0]);
  expect(await request(store, 'ann', () => whoAnswers(store), false)).toBe(primary.port);
  expect(await whoAnswers(store)).toBe(primary.port);
});

test('transactions, locks and what follows a change of the request itself stay on the primary', async () => {
  const store = await open();
  await request(store, 'bob', async () => {
    const inside = await store.db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ port: number }>`select inet_server_port() as port`.execute(tx);
      return rows[0]?.port;
    });
    expect(inside).toBe(primary.port);
    const locked = await sql`select name from settings where name = 'n' for update`.execute(store.db);
    expect(locked.rows).toHaveLength(1);
    expect(await whoAnswers(store)).toBe(primary.port);
    const change = sql`with gone as (delete from settings where name = 'x' returning 1) select * from gone`;
    await change.execute(store.db);
    expect(await whoAnswers(store)).toBe(primary.port);
  });
});

test('whoever wrote reads the primary, through any process, until a replica has replayed it', async () => {
  const [store, other] = [await open(), await open()];
  await pauseReplay(...standbys);
  try {
    await write(store, 'cid', 'mine');
    expect(await readBy(store, 'cid')).toBe(primary.port);
    expect(await readBy(other, 'cid')).toBe(primary.port);
    expect(portsOf(standbys)).toContain(await readBy(other, 'dan'));
    const [first] = standbys as [PostgresServer];
    await resumeReplay(first);
    await replayed(first);
    for (const through of [store, store, other]) expect(await readBy(through, 'cid')).toBe(first.port);
    const read = () => store.db.selectFrom('settings').select('value').where('name', '=', 'n').execute();
    expect(await request(store, 'cid', read)).toEqual([{ value: 'mine' }]);
  } finally {
    await resumeReplay(...standbys);
  }
});

test('a change that was rolled back sends nobody to the primary', async () => {
  const store = await open();
  await pauseReplay(...standbys);
  try {
    const undone = request(store, 'eve', () =>
      store.db.transaction().execute(async (tx) => {
        await tx.updateTable('settings').set({ value: 'no' }).where('name', '=', 'n').execute();
        throw new Error('undone');
      }),
    );
    await expect(undone).rejects.toThrow('undone');
    expect(portsOf(standbys)).toContain(await readBy(store, 'eve'));
  } finally {
    await resumeReplay(...standbys);
  }
});

test('whoever was told of a change of others finds it', async () => {
  const store = await open();
  await pauseReplay(...standbys);
  try {
    await primary.run(`update settings set value = 'told' where name = 'n'`);
    await store.replicas.told('fay');
    expect(await readBy(store, 'fay')).toBe(primary.port);
  } finally {
    await resumeReplay(...standbys);
  }
});

test('a replica that falls too far behind goes out, and comes back in when it has caught up', async () => {
  const changes: string[] = [];
  for (const server of standbys) await replayed(server);
  const store = await open({
    maxLagMs: 50,
    onChange: ({ name, out }) => changes.push(`${name} ${out === undefined ? 'in' : 'out'}`),
  });
  const [late, good] = standbys as [PostgresServer, PostgresServer];
  await pauseReplay(late);
  try {
    await primary.run(`update settings set value = 'late' where name = 'n'`);
    while (store.replicas.states()[0]?.out === undefined) await store.replicas.check();
    expect(store.replicas.states()[0]).toMatchObject({ out: expect.stringContaining('behind') });
    expect(store.replicas.states()[0]?.lagMs).toBeGreaterThan(50);
    while (store.replicas.states()[1]?.out !== undefined) await store.replicas.check();
    for (let i = 0; i < 3; i++) expect(await readBy(store, 'gil')).toBe(good.port);
  } finally {
    await resumeReplay(late);
  }
  while (store.replicas.states()[0]?.out !== undefined) await store.replicas.check();
  expect(changes.filter((change) => change.startsWith(`127.0.0.1:${late.port}`))).toEqual([
    `127.0.0.1:${late.port} in`,
    `127.0.0.1:${late.port} out`,
    `127.0.0.1:${late.port} in`,
  ]);
});

test('reads go on while a replica is killed, and it is used again when it is back', async () => {
  const [dying, other] = standbys as [PostgresServer, PostgresServer];
  const store = await open();
  for (let i = 0; i < 2; i++) await readBy(store, 'hal');
  await dying.kill();
  // the first one meets the dead connection and is answered by the primary
  const ports = [await readBy(store, 'hal'), await readBy(store, 'hal'), await readBy(store, 'hal')];
  expect(ports).not.toContain(dying.port);
  expect(ports).toContain(other.port);
  expect(store.replicas.states()[0]?.out).toBeDefined();
  await dying.restart();
  await replayed(dying);
  await store.replicas.check();
  expect([await readBy(store, 'hal'), await readBy(store, 'hal')].sort()).toEqual(portsOf(standbys));
});

test('a read that a replica leaves without an answer is answered by the primary after one check', async () => {
  const [behind] = standbys as [PostgresServer];
  const proxy = await stoppableProxy(behind.port);
  ends.push(() => proxy.close());
  const store = await open({ urls: [`postgres://ka@127.0.0.1:${proxy.port}/postgres`] });
  expect(await readBy(store, 'ida')).toBe(behind.port);
  const answer = await request(store, 'ida', async () => {
    proxy.stop();
    const asked = whoAnswers(store);
    await store.replicas.check();
    return asked;
  });
  expect(answer).toBe(primary.port);
  expect(store.replicas.states()[0]?.out).toBeDefined();
});

test('a database that is no replica of this one is never read', async () => {
  const urls = [primary.url('postgres'), 'postgres://ka@127.0.0.1:1/postgres'];
  const store = await open({ urls });
  expect(store.replicas.states()).toMatchObject([
    { out: expect.stringContaining('no replica') },
    { name: '127.0.0.1:1', out: expect.stringContaining('ECONNREFUSED') },
  ]);
  expect(await readBy(store, 'jon')).toBe(primary.port);
});

/** Passes bytes on until it stops, and then holds them back without closing anything. */
async function stoppableProxy(to: number) {
  const sockets: Socket[] = [];
  let stopped = false;
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    sockets.push(client, upstream);
    client.on('data', (bytes) => void (stopped || upstream.write(bytes)));
    upstream.on('data', (bytes) => void (stopped || client.write(bytes)));
    for (const [one, another] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => {}).on('close', () => another.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    stop() {
      stopped = true;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
