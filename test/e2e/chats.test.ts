import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openBrowserHouse } from '../support/browser-house.ts';
import { textFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';

const tide = textFile(
  'tide.md',
  '# Tide table\n\nHigh water on Sunday is at six. Low water on Monday is at noon.\n',
);

describeWith('browser', 'chats', (executablePath) => {
  const house = openBrowserHouse(executablePath);

  test('a chat is rated, asked anew, renamed, exported and deleted', async () => {
    const page = await visitWithTide();
    await ask(page, 'When is high water on Sunday?');
    const answer = page.getByRole('article', { name: 'Answer' });
    await answer.getByRole('button', { name: /^Source 1: Tide table/ }).waitFor();

    const rated = page.waitForResponse(/\/feedback$/);
    await page.getByRole('button', { name: 'Good answer' }).click();
    expect((await rated).ok()).toBe(true);
    await page.getByText('Administrators see answers that you rate, with their questions.').waitFor();

    // an edited question takes the place of the one before
    await page.getByRole('heading', { name: 'You asked: When is high water on Sunday?' }).hover();
    await page.getByRole('button', { name: 'Edit and ask again' }).click();
    await page.getByLabel('Edit the question').fill('When is low water on Monday?');
    await page.keyboard.press('Enter');
    await answer.getByText('Low water on Monday is at noon').first().waitFor();
    expect(await answer.count()).toBe(1);
    await page.reload();
    await answer.getByText('Low water on Monday is at noon').first().waitFor();
    expect(await answer.count()).toBe(1);

    const menu = page.getByRole('button', { name: 'More for this chat' });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('Tides');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Tides', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Tides' }).waitFor();

    await menu.click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Export as Markdown' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('Tides.md');
    expect(readFileSync(await download.path(), 'utf8')).toContain('Low water on Monday is at noon');

    await menu.click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
    await page.getByRole('link', { name: 'Tides' }).waitFor({ state: 'hidden' });
  });

  test('an answer is stopped, and one that fails says so and is asked again', async () => {
    const page = await visitWithTide();
    await page.route('**/api/v1/query', () => undefined, { times: 1 });
    await ask(page, 'When is high water on Sunday?');
    // the first question makes the chat
    await page.waitForURL(/\/chat\/.+/);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped before an answer came.').waitFor();

    house.expectFaults(page, /502 on /);
    await page.route(
      '**/api/v1/query',
      (route) =>
        route.fulfill({
          contentType: 'text/event-stream',
          body: `event: token\nid: 1\ndata: {"text":"High water"}\n\nevent: error\nid: 2\ndata: ${JSON.stringify(
            {
              type: 'urn:ka:error:upstream-failed',
              title: 'The language model failed',
              status: 502,
              detail: 'It broke off in the middle.',
            },
          )}\n\n`,
        }),
      { times: 1 },
    );
    await ask(page, 'When is high water on Sunday, then?');
    const fault = page.getByRole('alert').filter({ hasText: 'The language model failed' });
    await fault.getByText('It broke off in the middle.').waitFor();
    // what had come is still there
    await page.getByRole('article', { name: 'Answer' }).getByText('High water').last().waitFor();
    await fault.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('button', { name: /^Source 1: Tide table/ }).waitFor();
    await fault.waitFor({ state: 'hidden' });
  });

  async function visitWithTide(): Promise<Page> {
    const person = await house.newPerson();
    const { taskId } = await person.api.upload([{ name: tide.name, bytes: tide.buffer }]);
    await person.api.finished(taskId);
    return house.visit({ as: person, path: '/chat' });
  }
});

async function ask(page: Page, question: string): Promise<void> {
  await page.getByLabel('Question', { exact: true }).fill(question);
  await page.keyboard.press('Enter');
}
