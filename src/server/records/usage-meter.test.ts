import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite, prepareSqlite, type SqliteConnection } from './sqlite.ts';
import { createUsageMeter } from './usage-meter.ts';

let folder: string;
let store: SqliteConnection;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ka-usage-'));
  prepareSqlite(join(folder, 'knowledge.db'));
  store = openSqlite(join(folder, 'knowledge.db'));
  for (const user of ['ann', 'bob'])
    store.raw
      .prepare(`insert into users values (?, ?, '', 'user', '', 0, null, null, '', '', null)`)
      .run(user, user);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const answer = (userId: string) => ({ userId, model: 'model', kind: 'answer' }) as const;
const spent = (userId: string) => ({
  ...answer(userId),
  promptTokens: 10,
  completionTokens: 2,
  costUsd: 0.5,
});
const rows = () => store.raw.prepare('select * from usage order by user_id').all();

test('requests and what calls took are added up by user, model and day; what a cache saved is counted apart', async () => {
  const meter = createUsageMeter(store.db, () => {});
  for (const user of ['ann', 'bob']) {
    meter.request(answer(user));
    meter.spend(spent(user));
  }
  meter.request({ ...answer('ann'), savedUsd: 0.5 });
  await meter.flush();
  meter.request(answer('ann'));
  meter.spend(spent('ann'));
  await meter.flush();
  await meter.flush();
  expect(rows()).toMatchObject([
    {
      user_id: 'ann',
      requests: 3,
      cached_requests: 1,
      prompt_tokens: 20,
      completion_tokens: 4,
      cost_usd: 1,
      saved_usd: 0.5,
    },
    { user_id: 'bob', requests: 1, cached_requests: 0, prompt_tokens: 10, cost_usd: 0.5, saved_usd: 0 },
  ]);
});

test('an account that was removed leaves no usage behind', async () => {
  const meter = createUsageMeter(store.db, () => {});
  meter.spend(spent('gone'));
  await meter.flush();
  expect(rows()).toEqual([]);
});

test('counts of a write that failed go along with the next one', async () => {
  const failures: unknown[] = [];
  const meter = createUsageMeter(store.db, (error) => failures.push(error));
  store.raw.exec('alter table usage rename to hidden');
  meter.request(answer('ann'));
  await meter.flush();
  expect(failures).toHaveLength(1);
  store.raw.exec('alter table hidden rename to usage');
  meter.request(answer('ann'));
  await meter.flush();
  expect(rows()).toMatchObject([{ requests: 2 }]);
});
