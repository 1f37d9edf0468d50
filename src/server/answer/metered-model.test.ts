import { afterEach, expect, test } from 'vitest';
import { type AnsweringHouse, openAnsweringHouse } from '../../../test/support/answering-house.ts';
import { createFakeEmbedder } from '../../../test/support/fake-embedder.ts';
import { createScriptedModel, inTokens, numberOf } from '../../../test/support/scripted-model.ts';
import { AppError } from '../errors.ts';
import type { Budgets } from '../records/budgets.ts';
import type { Spent } from '../records/usage-meter.ts';
import { meterModel } from './metered-model.ts';

let house: AnsweringHouse | undefined;
afterEach(() => house?.close());

const FACT = 'The lighthouse of Veldran was built in 1823 by the engineer Ottilie Marsh.';
const QUESTION = 'Who built the lighthouse of Veldran?';

/** A house whose model says the fact, and a book of what was put aside and spent. */
async function openHouse(refuse = false) {
  const open: number[] = [];
  const spent: Spent[] = [];
  const budgets: Budgets = {
    async reserve(userId, atMostUsd) {
      if (refuse) throw new AppError('BUDGET_EXCEEDED', 'used up');
      open.push(atMostUsd);
      return {
        settle(call) {
          open.splice(open.indexOf(atMostUsd), 1);
          spent.push({ userId, ...call });
        },
      };
    },
  };
  const model = createScriptedModel((prompt) => inTokens(`${FACT} [${numberOf(prompt, '1823')}]`));
  house = await openAnsweringHouse(createFakeEmbedder(), { model: meterModel(model, budgets) });
  const { userId } = await house.userWith({ 'lighthouse.txt': FACT });
  return { house, model, open, spent, userId };
}

test('those who share an answer pay for it once, and a kept one costs nothing', async () => {
  const { house: h, open, spent, userId } = await openHouse();
  const answers = await Promise.all([1, 2, 3].map(() => h.ask(userId, QUESTION)));
  await h.ask(userId, QUESTION);
  expect(spent).toHaveLength(1);
  expect(spent[0]).toMatchObject({ userId, model: 'scripted', kind: 'answer', promptTokens: 100 });
  expect(spent[0]?.costUsd).toBe(answers[0]?.usage.costUsd);
  expect(open).toEqual([]);
});

test('a call that is left in the middle is counted with what came, and holds nothing back', async () => {
  const { house: h, open, spent, userId } = await openHouse();
  const controller = new AbortController();
  await expect(async () => {
    for await (const event of h.answering.ask(userId, { query: QUESTION, limit: 5 }, controller.signal))
      if (event.type === 'token') controller.abort();
  }).rejects.toMatchObject({ name: 'AbortError' });
  await expect.poll(() => spent.length).toBe(1);
  expect(spent[0]?.promptTokens).toBeGreaterThan(50);
  expect(spent[0]?.completionTokens).toBeGreaterThan(0);
  expect(open).toEqual([]);
});

test('a provider that fails before its first word costs nothing', async () => {
  const { house: h, model, open, spent, userId } = await openHouse();
  model.reply = () => [new AppError('UPSTREAM_UNAVAILABLE', 'away')];
  expect((await h.ask(userId, QUESTION)).fallback).toBe('unavailable');
  expect(spent).toMatchObject([{ promptTokens: 0, completionTokens: 0, costUsd: 0 }]);
  expect(open).toEqual([]);
});

test('without budget nothing is sent, and extracted answers go on', async () => {
  const { house: h, model, userId } = await openHouse(true);
  await expect(h.ask(userId, QUESTION)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' });
  expect(model.asked).toEqual([]);
  expect(await h.ask(userId, QUESTION, { model: 'extractive' })).toMatchObject({
    answered: true,
    model: 'extractive',
  });
});
