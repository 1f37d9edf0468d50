import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Answer } from '../../src/contract/query.ts';
import { openBrowserHouse, type Person } from '../support/browser-house.ts';
import { lockedPdfFile, type MadeFile, textFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';

const tide = textFile(
  'tide.md',
  '# Tide table\n\nHigh water on Sunday is at six, and the ebb takes the keys of the boathouse.\n',
);
const crane = textFile(
  'crane.md',
  '# Crane hire\n\nThe crane costs 90 crowns an hour and lifts twelve tonnes.\n',
);
const rope = textFile('rope.md', '# Rope store\n\nThe rope store opens at eight and closes when it rains.\n');
const QUESTION = 'When is high water on Sunday?';

describeWith('browser', 'documents in the library', (executablePath) => {
  const house = openBrowserHouse(executablePath);

  test('a delete can be taken back', async () => {
    const person = await personWith(tide, crane);
    const page = await house.visit({ as: person, path: '/library' });
    await act(page, 'Tide table', 'Delete');
    await rowOf(page, 'Tide table').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await rowOf(page, 'Tide table').waitFor();
    await page.reload();
    await rowOf(page, 'Tide table').waitFor();
    expect(await found(person)).toBe(true);
  });

  test('what is deleted is gone from list, search and answers', async () => {
    const person = await personWith(tide, crane);
    expect(await found(person)).toBe(true);
    const page = await house.visit({ as: person, path: '/library' });
    const deleted = page.waitForResponse(
      (response) => response.request().method() === 'DELETE' || response.url().endsWith('/bulk'),
    );
    await act(page, 'Tide table', 'Delete');
    await rowOf(page, 'Tide table').waitFor({ state: 'hidden' });
    await deleted;
    await page.reload();
    await rowOf(page, 'Crane hire').waitFor();
    expect(await rowOf(page, 'Tide table').count()).toBe(0);
    expect(await found(person)).toBe(false);
    await page.getByRole('link', { name: 'New chat' }).click();
    await page.getByLabel('Question', { exact: true }).fill(QUESTION);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your documents don’t say' }).waitFor();
  });

  test('leaving the page within the seconds of undo still deletes', async () => {
    const person = await personWith(tide, crane);
    const page = await house.visit({ as: person, path: '/library' });
    await act(page, 'Tide table', 'Delete');
    await rowOf(page, 'Tide table').waitFor({ state: 'hidden' });
    await page.close();
    await expect.poll(() => found(person)).toBe(false);
  });

  test('a file that could not be read says why and offers another try', async () => {
    const person = await personWith(tide, lockedPdfFile('sealed.pdf'));
    const page = await house.visit({ as: person, path: '/library' });
    await page.getByRole('button', { name: /^Why sealed/i }).click();
    await page
      .getByText(/password|encrypted/i)
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    const again = page.waitForResponse(/\/reindex$/);
    await page.getByRole('button', { name: /^Try sealed.* again$/i }).click();
    expect((await again).status()).toBe(202);
    await page.getByRole('button', { name: /^Why sealed/i }).waitFor();
  });

  test('many documents are tagged at once, filtered by the tag, moved and searched as one types', async () => {
    const person = await personWith(tide, crane, rope);
    await person.api.post('/api/v1/collections', { name: 'Quay' });
    const page = await house.visit({ as: person, path: '/library' });
    await page.getByRole('checkbox', { name: 'Select Tide table' }).check();
    await page.getByRole('checkbox', { name: 'Select Crane hire' }).check();
    const bar = page.getByRole('region', { name: 'Actions for the selected documents' });
    await bar.getByRole('button', { name: 'Tags' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Add tags').fill('north quay');
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await rowOf(page, 'Tide table').getByText('north quay').first().waitFor();

    await page.goto(`${house.url}/library?tag=north+quay`);
    await rowOf(page, 'Crane hire').waitFor();
    expect(await rowOf(page, 'Rope store').count()).toBe(0);

    await page.getByRole('checkbox', { name: 'Select Crane hire' }).check();
    await bar.getByRole('button', { name: 'Move' }).click();
    await page.getByRole('dialog').getByText('Quay', { exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Move' }).click();
    await page.getByText('Moved 1 document to “Quay”').waitFor();

    await page.goto(`${house.url}/library`);
    await page.getByRole('searchbox', { name: 'Search titles and file names' }).pressSequentially('rop');
    await rowOf(page, 'Crane hire').waitFor({ state: 'hidden' });
    await rowOf(page, 'Rope store').waitFor();
  });

  test('the page of a document has its text, its passages, and the answers that cite it', async () => {
    const person = await personWith(tide);
    const { answered } = await person.api.post<Answer>('/api/v1/query', { query: QUESTION });
    expect(answered).toBe(true);
    const page = await house.visit({ as: person, path: '/chat' });
    await page.getByLabel('Question', { exact: true }).fill('When is the high water on Sunday?');
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Sources of this answer' }).waitFor();
    await page.getByRole('link', { name: 'Library', exact: true }).click();
    await page.getByRole('link', { name: 'Tide table' }).click();
    await page.getByRole('heading', { name: 'Tide table', level: 1 }).waitFor();
    await page.getByText('High water on Sunday').first().waitFor();
    await page.getByRole('tab', { name: 'Passages' }).click();
    await page.getByText('takes the keys of the boathouse').first().waitFor();
    await page.getByRole('tab', { name: 'Cited in' }).click();
    await page.getByRole('link', { name: 'Show the passage' }).click();
    await page.locator('article mark').first().waitFor();
    expect(await page.locator('article mark').first().innerText()).toContain('High water on Sunday');
    await page.getByRole('tab', { name: 'Details' }).click();
    await page.getByText('SHA-256').first().waitFor();
  });

  async function personWith(...files: readonly MadeFile[]): Promise<Person> {
    const person = await house.newPerson();
    const { taskId } = await person.api.upload(files.map(({ name, buffer }) => ({ name, bytes: buffer })));
    await person.api.finished(taskId);
    return person;
  }
});

const rowOf = (page: Page, title: string) => page.getByRole('row').filter({ hasText: title });

async function act(page: Page, title: string, action: string): Promise<void> {
  await rowOf(page, title)
    .getByRole('button', { name: `Actions for ${title}` })
    .click();
  await page.getByRole('menuitem', { name: action }).click();
}

/** Whether search and answers still find the tide table. */
async function found({ api }: Person): Promise<boolean> {
  const { hits } = await api.post<{ hits: { title: string }[] }>('/api/v1/search', {
    query: 'keys of the boathouse at ebb',
  });
  const { citations } = await api.post<Answer>('/api/v1/query', { query: QUESTION });
  const inSearch = hits.some(({ title }) => title === 'Tide table');
  const inAnswers = citations.some(({ title }) => title === 'Tide table');
  expect(inSearch).toBe(inAnswers);
  return inSearch;
}
