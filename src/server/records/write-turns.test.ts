import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite, prepareSqlite, type SqliteConnection } from './sqlite.ts';
import { newWriteTurns } from './write-turns.ts';

let dir: string;
const open: SqliteConnection[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'turns-'));
  prepareSqlite(join(dir, 'ka.sqlite'));
});
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
  rmSync(dir, { recursive: true, force: true });
});
function connect(waiting: Int32Array, givesWay: boolean) {
  const connection = openSqlite(join(dir, 'ka.sqlite'), { turns: { waiting, givesWay } });
  open.push(connection);
  return connection;
}
const note = (connection: SqliteConnection, name: string) =>
  connection.db.insertInto('settings').values({ name, value: '' }).execute();

test('a connection that gives way begins nothing while another one waits', async () => {
  const waiting = newWriteTurns();
  const bulk = connect(waiting, true);
  Atomics.add(waiting, 0, 1);
  const order: string[] = [];
  const writing = bulk.db.transaction().execute(async (tx) => {
    order.push('bulk');
    await tx.insertInto('settings').values({ name: 'a', value: '' }).execute();
  });
  await new Promise((resolve) => setImmediate(resolve));
  order.push('served');
  Atomics.sub(waiting, 0, 1);
  Atomics.notify(waiting, 0);
  await writing;
  expect(order).toEqual(['served', 'bulk']);
});

test('who waited and is gone holds nobody up for ever', async () => {
  const waiting = newWriteTurns();
  Atomics.add(waiting, 0, 1);
  await note(connect(waiting, true), 'a');
});

test('a connection that goes first has left the line after each write, failed ones too', async () => {
  const waiting = newWriteTurns();
  const first = connect(waiting, false);
  await note(first, 'a');
  await expect(note(first, 'a')).rejects.toThrow('UNIQUE');
  await first.db.transaction().execute(async (tx) => {
    await tx.deleteFrom('settings').execute();
    expect(Atomics.load(waiting, 0)).toBe(0);
  });
  await first.db.selectFrom('settings').selectAll().execute();
  expect(Atomics.load(waiting, 0)).toBe(0);
});
