import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { MIGRATIONS } from '../../src/server/records/migrations/all.ts';
import { prepareSqlite } from '../../src/server/records/sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'ka-migrate-crash-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const RECORDS = new URL('../../src/server/records/sqlite.ts', import.meta.url).href;

/** The n-th step of an upgrade ends its process. */
async function upgradeThatDies(path: string, step: number): Promise<unknown> {
  const script = `import(${JSON.stringify(RECORDS)}).then(({ prepareSqlite }) => prepareSqlite(${JSON.stringify(path)}))`;
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, KA_FAULT_POINT: `migration-step:${step}` },
  });
  const [, signal] = await once(child, 'exit');
  return signal;
}

test('an upgrade that is killed at any of its steps has not begun, and is done by the next start', async () => {
  const path = join(folder, 'knowledge.db');
  prepareSqlite(path, MIGRATIONS.slice(0, 1));
  const raw = new Sqlite(path);
  raw.prepare("insert into settings (name, value) values ('kept', 'yes')").run();
  const tables = () => raw.prepare('select name, sql from sqlite_schema order by name').all();
  const before = tables();
  for (let step = 1; step < MIGRATIONS.length; step++) {
    expect(await upgradeThatDies(path, step)).toBe('SIGKILL');
    expect(raw.prepare('select max(version) from schema_migrations').pluck().get()).toBe(1);
    expect(tables()).toEqual(before);
  }
  expect(prepareSqlite(path)).toEqual({ from: 1, to: MIGRATIONS.length });
  expect(raw.prepare("select value from settings where name = 'kept'").pluck().get()).toBe('yes');
  expect(raw.pragma('integrity_check', { simple: true })).toBe('ok');
  raw.close();
});
