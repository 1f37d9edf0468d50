import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrateSqlite } from './migrate-sqlite.ts';
import type { Migration } from './migrations/migration.ts';
import { prepareSqlite } from './sqlite.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ka-migrate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const step = (version: number, ...statements: string[]): Migration => ({
  version,
  name: `step ${version}`,
  statements: () => statements,
});

test('a second start finds nothing to do', () => {
  const path = join(folder, 'knowledge.db');
  expect(prepareSqlite(path).from).toBe(0);
  const { from, to } = prepareSqlite(path);
  expect(from).toBe(to);
});

test('only the steps that are missing run, in order', () => {
  const raw = new Sqlite(':memory:');
  const one = step(1, 'create table a (x integer)');
  migrateSqlite(raw, [one]);
  raw.exec('insert into a values (1)');
  expect(migrateSqlite(raw, [one, step(2, 'alter table a add column y integer default 7')])).toEqual({
    from: 1,
    to: 2,
  });
  expect(raw.prepare('select * from a').get()).toEqual({ x: 1, y: 7 });
});

test('a step that fails leaves the database as it was', () => {
  const raw = new Sqlite(':memory:');
  const one = step(1, 'create table a (x integer)');
  migrateSqlite(raw, [one]);
  expect(() => migrateSqlite(raw, [one, step(2, 'create table b (x integer)', 'nonsense')])).toThrow();
  expect(raw.prepare("select count(*) from sqlite_master where name = 'b'").pluck().get()).toBe(0);
  expect(migrateSqlite(raw, [one]).from).toBe(1);
});

test('a database of a newer release is refused with a sentence', () => {
  const path = join(folder, 'knowledge.db');
  const { to } = prepareSqlite(path);
  const raw = new Sqlite(path);
  raw
    .prepare('insert into schema_migrations (version, name, applied_at) values (?, ?, ?)')
    .run(to + 1, 'later', '');
  raw.close();
  expect(() => prepareSqlite(path)).toThrow(/written by a newer release/);
});

test('of processes that start at once one migrates and the others wait', async () => {
  const path = join(folder, 'knowledge.db');
  const script = `import(${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)}).then(({ prepareSqlite }) => process.send(prepareSqlite(${JSON.stringify(path)})));`;
  const starts = await Promise.all(
    Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['-e', script], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      return new Promise<{ from: number }>((resolve, reject) => {
        child.once('message', (message) => resolve(message as { from: number }));
        child.once('error', reject);
        child.once('exit', (code) => code !== 0 && reject(new Error(`ended with ${code}`)));
      });
    }),
  );
  expect(starts.filter(({ from }) => from === 0)).toHaveLength(1);
});
