import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { openBrowserHouse } from '../support/browser-house.ts';
import { FAKE_KEY, startFakeLanguageModel } from '../support/fake-language-model.ts';
import { textFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';
import { numberOf } from '../support/scripted-model.ts';

const model = await startFakeLanguageModel();
afterAll(() => model.close());

const tide = textFile(
  'tide.md',
  '# Tide table\n\nHigh water on Sunday is at six. Low water on Monday is at noon.\n',
);

describeWith('browser', 'a language model', (executablePath) => {
  const house = openBrowserHouse(executablePath, {
    LLM_PROVIDER: 'openai-compatible',
    LLM_BASE_URL: model.baseUrl('openai'),
    LLM_MODEL: 'fake-model',
    OPENAI_API_KEY: FAKE_KEY,
    LLM_PRICES: JSON.stringify({ 'fake-model': { prompt: 1, completion: 2 } }),
  });

  test('writes answers whose sentences open their passage, reads follow-ups, and is told apart when it is away', async () => {
    model.answer = ({ system, prompt }) =>
      system.includes('latest question')
        ? 'When is low water on Monday?'
        : prompt.includes('low water')
          ? `Low water on Monday is **at noon** [${numberOf(prompt, 'noon')}].`
          : `High water on Sunday is at six [${numberOf(prompt, 'at six')}].`;
    const person = await house.newPerson();
    const { taskId } = await person.api.upload([{ name: tide.name, bytes: tide.buffer }]);
    await person.api.finished(taskId);
    const page = await house.visit({ as: person, path: '/chat' });
    const answers = page.getByRole('article', { name: 'Answer' });

    await ask(page, 'When is high water on Sunday?');
    await answers.getByText('High water on Sunday is at six').first().waitFor();
    await answers.getByRole('button', { name: /^Source 1: Tide table/ }).click();
    await page.locator('mark').getByText('High water on Sunday is at six.').waitFor();

    await ask(page, 'And low water on Monday, when is it?');
    await answers.nth(1).locator('strong').getByText('at noon').waitFor();
    await page.getByText('Understood as: When is low water on Monday?').waitFor();

    model.answer = () => ({ kind: 'status', status: 401 });
    await ask(page, 'Who wrote the tide table that speaks of high water on Sunday at six?');
    await page.getByText(/could not be reached, so these are your documents’ own sentences/).waitFor();
    expect(await answers.count()).toBe(3);
  });
});

async function ask(page: Page, question: string): Promise<void> {
  await page.getByLabel('Question', { exact: true }).fill(question);
  await page.keyboard.press('Enter');
}
