import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BudgetDefaults, createBudgets } from './budgets.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from './sqlite.ts';
import { createUsageMeter } from './usage-meter.ts';

let folder: string;
let store: SqliteConnection;
let clock: Date;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ka-budgets-'));
  prepareSqlite(join(folder, 'knowledge.db'));
  store = openSqlite(join(folder, 'knowledge.db'));
  clock = new Date();
  for (const [user, monthly, daily] of [
    ['ann', null, null],
    ['bob', 0.2, null],
    ['cid', null, 0.2],
  ])
    store.raw
      .prepare(`insert into users values (?, ?, '', 'user', '', 0, null, ?, '', '', ?)`)
      .run(user, user, monthly, daily);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

function open({ dailyUsd, monthlyUsd }: Partial<BudgetDefaults>) {
  const meter = createUsageMeter(store.db, (error) => {
    throw error;
  });
  return { meter, budgets: createBudgets(store.db, meter, { dailyUsd, monthlyUsd }, () => clock) };
}
const call = (costUsd: number) =>
  ({ model: 'model', kind: 'answer', promptTokens: 100, completionTokens: 10, costUsd }) as const;

test('fifty calls side by side stay within the budget together', async () => {
  const { budgets } = open({ monthlyUsd: 1 });
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => budgets.reserve('ann', 0.1)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  for (const outcome of outcomes.slice(10))
    expect(outcome).toMatchObject({
      reason: { code: 'BUDGET_EXCEEDED', message: expect.stringContaining('monthly budget of $1.00') },
    });
});

test('what a call took is counted, and what was put aside beyond it is free again', async () => {
  const { budgets } = open({ dailyUsd: 1 });
  const first = await budgets.reserve('ann', 0.9);
  await expect(budgets.reserve('ann', 0.2)).rejects.toMatchObject({
    message: expect.stringContaining('daily budget'),
  });
  first.settle(call(0.3));
  (await budgets.reserve('ann', 0.7)).settle(call(0));
  await expect(budgets.reserve('ann', 0.71)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' });
});

test('spending is kept over a restart, and a new day and a new month begin with nothing spent', async () => {
  const before = open({ dailyUsd: 1, monthlyUsd: 1.5 });
  (await before.budgets.reserve('ann', 0.9)).settle(call(0.9));
  await before.meter.flush();
  expect(store.raw.prepare('select * from usage').all()).toMatchObject([
    { user_id: 'ann', requests: 0, prompt_tokens: 100, completion_tokens: 10, cost_usd: 0.9 },
  ]);
  const { budgets } = open({ dailyUsd: 1, monthlyUsd: 1.5 });
  await expect(budgets.reserve('ann', 0.2)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' });
  clock = new Date(Date.UTC(clock.getUTCFullYear(), clock.getUTCMonth() + 1, 1));
  await expect(budgets.reserve('ann', 0.9)).resolves.toBeDefined();
});

test("a user's own monthly budget comes before everybody's, and a change of it is seen", async () => {
  const { budgets } = open({ monthlyUsd: 5 });
  await expect(budgets.reserve('bob', 0.3)).rejects.toMatchObject({
    message: expect.stringContaining('$0.20'),
  });
  store.raw.prepare(`update users set monthly_budget_usd = 1 where id = 'bob'`).run();
  clock = new Date(clock.getTime() + 20_000);
  await expect(budgets.reserve('bob', 0.3)).resolves.toBeDefined();
});

test("a user's own daily budget comes before everybody's, whether it is smaller or larger", async () => {
  const { budgets } = open({ dailyUsd: 0.5 });
  await expect(budgets.reserve('cid', 0.3)).rejects.toMatchObject({
    message: expect.stringContaining('daily budget of $0.20'),
  });
  await expect(budgets.reserve('ann', 0.3)).resolves.toBeDefined();
  store.raw.prepare(`update users set daily_budget_usd = 1 where id = 'cid'`).run();
  clock = new Date(clock.getTime() + 20_000);
  await expect(budgets.reserve('cid', 0.9)).resolves.toBeDefined();
});

test('calls that cost nothing need no budget', async () => {
  const { budgets } = open({ dailyUsd: 0, monthlyUsd: 0 });
  await expect(budgets.reserve('ann', 0)).resolves.toBeDefined();
  await expect(budgets.reserve('ann', 0.01)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' });
});

test('a budget that was raised holds from the next call on', async () => {
  const { budgets } = open({ dailyUsd: 0.1 });
  await expect(budgets.reserve('ann', 0.5, 'document')).rejects.toThrow(
    /daily budget of \$0\.10 .* vectors of this document\. .*found by its words/,
  );
  store.raw.prepare(`update users set daily_budget_usd = 1 where id = 'ann'`).run();
  await budgets.reserve('ann', 0.5, 'document');
});
