import { expect, test } from 'vitest';
import { openBrowserHouse } from '../support/browser-house.ts';
import { describeWith } from '../support/needs.ts';

describeWith('browser', 'administration', (executablePath) => {
  const house = openBrowserHouse(executablePath);

  test('an administrator sets what a user may spend a day, and takes it back', async () => {
    const person = await house.newPerson();
    const page = await house.visit({ as: house.admin, path: '/admin' });
    const open = async () => {
      await page.getByRole('row').filter({ hasText: person.email }).getByRole('button').click();
      await page.getByRole('menuitem', { name: 'Set limits' }).click();
      return page.getByRole('dialog').getByLabel('Daily budget in US dollars');
    };
    const save = async () => {
      const saved = page.waitForResponse((response) => response.request().method() === 'PATCH');
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
      const body = (await (await saved).json()) as { dailyBudgetUsd: number | null };
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      return body.dailyBudgetUsd;
    };
    await (await open()).fill('0.25');
    expect(await save()).toBe(0.25);
    const kept = await open();
    expect(await kept.inputValue()).toBe('0.25');
    await kept.fill('');
    expect(await save()).toBeNull();
  });
});
