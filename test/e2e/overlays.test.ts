import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { seriousViolations } from '../support/axe.ts';
import { keepScreenshot, openBrowserHouse, overflowPx } from '../support/browser-house.ts';
import { type Furnished, furnish } from '../support/furnished-person.ts';
import { textFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';

/** Everything that opens over a page: how to get there from a page that was just loaded. */
const OVERLAYS: readonly (readonly [
  name: string,
  path: (ids: Furnished) => string,
  open: (page: Page) => Promise<void>,
])[] = [
  [
    'palette',
    () => '/',
    async (page) => {
      await page.keyboard.press('ControlOrMeta+k');
      await page.getByRole('combobox').fill('harbour');
      await page.getByRole('group', { name: 'Passages' }).waitFor();
    },
  ],
  ['shortcuts', () => '/', (page) => page.keyboard.press('ControlOrMeta+/')],
  [
    'account-menu',
    () => '/',
    async (page) => {
      await page.getByRole('button', { name: /^Account of/ }).click();
      await menuOpened(page);
    },
  ],
  [
    'chat-menu',
    () => '/',
    async (page) => {
      await page.getByRole('button', { name: 'What to do with “Breakwater”' }).click();
      await menuOpened(page);
    },
  ],
  [
    'scope',
    () => '/chat',
    async (page) => {
      await page.getByLabel('Question', { exact: true }).pressSequentially('#');
      await page.getByRole('dialog', { name: 'Where to look' }).waitFor();
    },
  ],
  [
    'source',
    ({ conversationId }) => `/chat/${conversationId}`,
    async (page) => {
      await page
        .getByRole('button', { name: /^Source 1: Harbour handbook/ })
        .first()
        .click();
      await page.locator('.pdf-text mark').first().waitFor();
    },
  ],
  [
    'answer',
    ({ answeredId }) => `/chat/${answeredId}`,
    async (page) => {
      await page
        .getByRole('button', { name: /^Source 1: Harbour handbook/ })
        .first()
        .click();
      await page.locator('.pdf-text mark').first().waitFor();
    },
  ],
  [
    'quote',
    ({ conversationId }) => `/chat/${conversationId}`,
    async (page) => {
      await page
        .getByRole('button', { name: /^Source 1: Harbour handbook/ })
        .last()
        .hover();
      await page.getByRole('tooltip').waitFor();
    },
  ],
  [
    'rename-chat',
    ({ conversationId }) => `/chat/${conversationId}`,
    async (page) => {
      await page.getByRole('button', { name: 'More for this chat' }).click();
      await page.getByRole('menuitem', { name: 'Rename' }).click();
    },
  ],
  [
    'delete-chat',
    ({ conversationId }) => `/chat/${conversationId}`,
    async (page) => {
      await page.getByRole('button', { name: 'More for this chat' }).click();
      await page.getByRole('menuitem', { name: 'Delete' }).click();
    },
  ],
  [
    'document-menu',
    () => '/library',
    async (page) => {
      await page.getByRole('button', { name: 'Actions for Crew rules' }).click();
      await menuOpened(page);
    },
  ],
  ['tag-filter', () => '/library', (page) => page.getByRole('button', { name: 'Tag', exact: true }).click()],
  ['bulk', () => '/library', (page) => page.getByRole('checkbox', { name: /^Select all/ }).check()],
  [
    'bulk-tags',
    () => '/library',
    async (page) => {
      await page.getByRole('checkbox', { name: /^Select all/ }).check();
      await page.getByRole('button', { name: 'Tags', exact: true }).click();
    },
  ],
  [
    'why-failed',
    () => '/library',
    (page) => page.getByRole('button', { name: 'Why Sealed contract failed' }).click(),
  ],
  ['new-key', () => '/settings', (page) => page.getByRole('button', { name: 'New key' }).click()],
  [
    'delete-account',
    () => '/settings',
    (page) => page.getByRole('button', { name: 'Delete my account' }).click(),
  ],
  [
    'user-menu',
    () => '/admin',
    async (page) => {
      await page.getByRole('button', { name: /^What to do with person2/ }).click();
      await menuOpened(page);
    },
  ],
  [
    'tray',
    () => '/',
    async (page) => {
      await page.keyboard.press('ControlOrMeta+k');
      const [chooser] = await Promise.all([
        page.waitForEvent('filechooser'),
        page.getByRole('option', { name: 'Upload files' }).click(),
      ]);
      await chooser.setFiles([
        textFile('Buoy list.md', `# Buoy list\n\nThe red buoy lies off the mole. ${crypto.randomUUID()}\n`),
        { name: 'Empty.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(0) },
      ]);
      await page.getByRole('heading', { name: '1 file needs a look' }).waitFor();
      await page
        .getByRole('region', { name: 'Uploads' })
        .getByText(/^Ready/)
        .waitFor();
    },
  ],
  [
    'undo-toast',
    () => '/library',
    async (page) => {
      await page.getByRole('button', { name: 'Actions for Regatta 2026' }).click();
      await page.getByRole('menuitem', { name: 'Delete' }).click();
      await page.getByRole('button', { name: 'Undo' }).waitFor();
    },
  ],
];

describeWith('browser', 'what opens over the pages', (executablePath) => {
  const house = openBrowserHouse(executablePath);
  let furnished: Furnished;
  beforeAll(async () => {
    await house.newPerson();
    furnished = await furnish(house.admin);
  });

  for (const scheme of ['light', 'dark'] as const)
    test(`is free of serious accessibility violations in the ${scheme} theme`, {
      timeout: 120_000,
    }, async () => {
      const page = await house.visit({ as: house.admin, scheme });
      const faults: string[] = [];
      for (const [name, path, open] of OVERLAYS) {
        await page.goto(house.url + path(furnished));
        await page.locator('main#page').waitFor();
        await open(page);
        await drawn(page);
        faults.push(...(await seriousViolations(page)).map((violation) => `${name}: ${violation}`));
        await keepScreenshot(page, `over-${name}-1440-${scheme}`);
        if (name === 'undo-toast') await page.getByRole('button', { name: 'Undo' }).click();
      }
      expect(faults).toEqual([]);
    });

  test('fits a phone', async () => {
    const page = await house.visit({ as: house.admin, width: 390, height: 844 });
    const faults: string[] = [];
    const onPhones = [
      'scope',
      'source',
      'rename-chat',
      'document-menu',
      'why-failed',
      'new-key',
      'delete-account',
    ];
    for (const [name, path, open] of OVERLAYS.filter(([each]) => onPhones.includes(each))) {
      await page.goto(house.url + path(furnished));
      await page.locator('main#page').waitFor();
      await open(page);
      await drawn(page);
      if ((await overflowPx(page)) > 0) faults.push(`${name} is too wide`);
      await keepScreenshot(page, `over-${name}-390-light`);
    }
    expect(faults).toEqual([]);
  });
});

/** A menu brings the code that draws it along. */
const menuOpened = (page: Page) => page.getByRole('menuitem').first().waitFor();

const drawn = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
  });
