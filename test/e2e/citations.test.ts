import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { BENCH_USER, type Client, registerClient } from '../../bench/lib/server.ts';
import type { ListPage } from '../../src/contract/common.ts';
import type { Message } from '../../src/contract/conversations.ts';
import type { Citation } from '../../src/contract/query.ts';
import { openBrowserHouse } from '../support/browser-house.ts';
import { docxFile, folded, pdfFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';

const report = pdfFile('harbour-report.pdf', [
  [
    'Harbour report',
    'This report covers the year at the harbour of Lindholm. It was written for the town council and for the members of the sailing club.',
    'The quay was repaired in spring. The repair took eleven weeks and closed the eastern berths, which the ferries did without.',
  ],
  [
    'Fees',
    'A visiting yacht pays 34 crowns a night for a berth on the north quay, and electricity is included in that price.',
    'Residents pay by the season. The season begins on the first of April and ends when the ice comes, whatever the calendar says.',
  ],
  [
    'Safety',
    'Two swimmers were rescued in August. The lifeboat reached them nine minutes after the alarm, in a wind of force seven.',
  ],
]);
const handbook = docxFile('crew-handbook.docx', 'Crew handbook', [
  'Welcome on board. This handbook tells new members of the crew how we work.',
  'Every member of the crew gets 27 days of paid leave a year, and unused leave expires at the end of March.',
  'The galley opens at six. Whoever has the night watch eats before the others do.',
]);

describeWith('browser', 'from a file to its cited passage', (executablePath) => {
  const house = openBrowserHouse(executablePath);

  test('a newcomer registers, uploads, asks, and finds the cited words marked in the original', async () => {
    const page = await house.visit();
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByLabel('Name').fill('Astrid Vang');
    await page.getByLabel('Email').fill('astrid@example.org');
    await page.getByLabel('Password', { exact: true }).fill(BENCH_USER.password);
    await page.getByRole('button', { name: 'Create account' }).press('Enter');

    await page.getByRole('button', { name: 'Search', exact: false }).first().click();
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('option', { name: 'Upload files' }).click(),
    ]);
    await chooser.setFiles([report, handbook]);
    await page.getByRole('heading', { name: '2 files are ready' }).waitFor();

    const api = await registerClient(house.url, 'astrid@example.org');
    const inPdf = await askAndOpen(
      page,
      api,
      'How much does a visiting yacht pay a night?',
      'Harbour report',
    );
    await page.locator('.pdf-text mark').first().waitFor();
    const markedInPdf = await page.locator('.pdf-text mark').allTextContents();
    expect(inPdf.page).toBe(2);
    expect(folded(markedInPdf.join(''))).toBe(folded(inPdf.quote));
    expect(folded(inPdf.quote)).toContain(folded('34 crowns a night'));

    const inDocx = await askAndOpen(
      page,
      api,
      'How many days of paid leave does the crew get?',
      'Crew handbook',
    );
    const text = page.getByRole('complementary', { name: 'Source' });
    await text.locator('article mark').first().waitFor();
    expect(folded((await text.locator('article mark').allTextContents()).join(''))).toBe(
      folded(inDocx.quote),
    );
    expect(folded(inDocx.quote)).toContain(folded('27 days of paid leave'));
  });

  test('what is not in the documents is refused, and looks different from an answer', async () => {
    const person = await house.newPerson();
    const { taskId } = await person.api.upload([{ name: report.name, bytes: report.buffer }]);
    await person.api.finished(taskId);
    const page = await house.visit({ as: person, path: '/chat' });
    await page
      .getByLabel('Question', { exact: true })
      .fill('Which vaccine does the veterinarian recommend for ferrets?');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your documents don’t say' }).waitFor();
    expect(await page.getByRole('list', { name: 'Sources of this answer' }).count()).toBe(0);
  });
});

/** Asks in a new chat and opens the first citation of this document, which is as the server keeps it. */
async function askAndOpen(page: Page, api: Client, question: string, title: string): Promise<Citation> {
  await page.keyboard.press('ControlOrMeta+Shift+KeyO');
  await page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
  await page.getByLabel('Question', { exact: true }).fill(question);
  await page.keyboard.press('Enter');
  await page.getByRole('list', { name: 'Sources of this answer' }).waitFor();
  const conversationId = new URL(page.url()).pathname.split('/').at(-1);
  const { items } = await api.get<ListPage<Message>>(`/api/v1/conversations/${conversationId}/messages`);
  const citation = items.at(-1)?.citations.find((each) => each.title === title);
  if (citation === undefined) throw new Error(`the answer cites nothing of ${title}`);
  await page
    .getByRole('button', { name: new RegExp(`^Source ${citation.marker}: ${title}`) })
    .first()
    .click();
  await page.getByRole('complementary', { name: 'Source' }).waitFor();
  return citation;
}
