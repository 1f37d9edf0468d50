import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openBrowserHouse, overflowPx, type Person } from '../support/browser-house.ts';
import { pdfFile, textFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';

const rules = pdfFile('rules.pdf', [
  ['Harbour rules', 'The crane lifts boats of up to twelve tonnes and rests above wind force five.'],
]);
const tide = textFile('tide.md', '# Tide table\n\nHigh water on Sunday is at six.\n');

describeWith('browser', 'without a pointer, and on a phone', (executablePath) => {
  const house = openBrowserHouse(executablePath);

  test('everything from signing in to tagging many documents is done by keyboard, with the focus in sight', async () => {
    const person = await withDocuments(await house.newPerson());
    const page = await house.visit();
    await page.keyboard.press('Tab');
    await tabTo(page, page.getByLabel('Email'));
    await page.keyboard.type(person.email);
    await tabTo(page, page.getByLabel('Password', { exact: true }));
    await page.keyboard.type(person.password);
    await page.keyboard.press('Enter');
    await page.locator('main#page').waitFor();

    // the first stop leads past the sidebar
    await page.keyboard.press('Tab');
    await expectFocus(page, page.getByRole('link', { name: 'Skip to the page' }));

    await page.keyboard.press('ControlOrMeta+/');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });

    await page.keyboard.press('ControlOrMeta+k');
    await page.keyboard.type('new chat');
    await page.getByRole('option', { name: 'New chat', selected: true }).waitFor();
    await page.keyboard.press('Enter');
    const question = page.getByLabel('Question', { exact: true });
    await expectFocus(page, question);

    // `#` narrows the search, and Escape gives the focus back
    await page.keyboard.type('#');
    await page.getByRole('dialog', { name: 'Where to look' }).waitFor();
    await page.keyboard.press('Escape');
    await expectFocus(page, question);
    await page.keyboard.press('Backspace');

    await page.keyboard.type('How much can the crane lift?');
    await page.keyboard.press('Enter');
    const chip = page.getByRole('button', { name: /^Source 1: Harbour rules/ });
    await chip.waitFor();
    await tabTo(page, chip, 'Shift+Tab');
    await page.getByRole('tooltip').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.pdf-text mark').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('complementary', { name: 'Source' }).waitFor({ state: 'hidden' });
    await expectFocus(page, chip);

    await page.keyboard.press('ControlOrMeta+Shift+KeyO');
    await page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
    await expectFocus(page, question);

    await page.keyboard.press('ControlOrMeta+k');
    await page.keyboard.type('library');
    await page.getByRole('option', { name: 'Library', selected: true }).waitFor();
    await page.keyboard.press('Enter');
    for (const title of ['Tide table', 'Harbour rules']) {
      await tabTo(page, page.getByRole('checkbox', { name: `Select ${title}` }));
      await page.keyboard.press('Space');
    }
    const bar = page.getByRole('region', { name: 'Actions for the selected documents' });
    await tabTo(page, bar.getByRole('button', { name: 'Tags' }));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await tabTo(page, dialog.getByLabel('Add tags'));
    await page.keyboard.type('north quay');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('row').filter({ hasText: 'Tide table' }).getByText('north quay').waitFor();
    await page.getByRole('row').filter({ hasText: 'Harbour rules' }).getByText('north quay').waitFor();
    expect(await page.evaluate(() => document.activeElement?.isConnected)).toBe(true);
  });

  test('on every page the focus stays in sight from one end to the other', async () => {
    const person = await withDocuments(house.admin);
    const page = await house.visit({ as: person });
    for (const path of ['/', '/chat', '/library', '/collections', '/settings', '/admin', '/admin/health']) {
      await page.goto(house.url + path);
      await page.locator('main#page').waitFor();
      await expect.poll(() => page.getByRole('status', { name: 'Loading' }).count()).toBe(0);
      for (let stops = 0; stops < 60; stops++) {
        await page.keyboard.press('Tab');
        if (await page.evaluate(() => document.activeElement === document.body)) break;
        // the window may get its own focus, without which nothing looks focused, a moment later
        await expect
          .poll(() => focusFault(page), { message: `after ${stops + 1} stops on ${path}` })
          .toBe('');
      }
    }
  });

  test('on a phone the sidebar is a drawer and a cited passage opens over the chat', async () => {
    const person = await withDocuments(await house.newPerson());
    const page = await house.visit({
      as: person,
      width: 390,
      height: 844,
      context: { hasTouch: true, isMobile: true },
    });
    await page.getByRole('button', { name: 'Open the menu' }).tap();
    const drawer = page.getByRole('navigation', { name: 'Main' });
    await drawer.waitFor();
    expect(await overflowPx(page)).toBe(0);
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Open the menu' }).tap();
    await drawer.getByRole('link', { name: 'New chat' }).tap();
    await drawer.waitFor({ state: 'hidden' });
    await page.getByLabel('Question', { exact: true }).fill('How much can the crane lift?');
    await page.getByRole('button', { name: 'Send' }).tap();
    await page.getByRole('button', { name: /^Source 1: Harbour rules/ }).tap();
    const sheet = page.getByRole('dialog', { name: 'Source' });
    await sheet.locator('.pdf-text mark').first().waitFor();
    expect(await overflowPx(page)).toBe(0);
    const box = await sheet.boundingBox();
    expect(box).toMatchObject({ x: 0, y: 0, width: 390 });
    // the passage is in the part of the page that shows
    await expect
      .poll(async () => {
        const mark = await sheet.locator('.pdf-text mark').first().boundingBox();
        return mark !== null && mark.y > 0 && mark.y < 844;
      })
      .toBe(true);
    await sheet.getByRole('button', { name: 'Close the source' }).tap();
    await sheet.waitFor({ state: 'hidden' });
    await page.getByLabel('Question', { exact: true }).waitFor();
  });

  async function withDocuments(person: Person): Promise<Person> {
    const { taskId } = await person.api.upload(
      [rules, tide].map(({ name, buffer }) => ({ name, bytes: buffer })),
    );
    await person.api.finished(taskId);
    return person;
  }
});

const isFocused = (locator: Locator) =>
  locator.evaluateAll((elements) => elements.some((element) => element === document.activeElement));

async function expectFocus(page: Page, locator: Locator): Promise<void> {
  await expect.poll(() => isFocused(locator)).toBe(true);
  expect(await focusFault(page)).toBe('');
}

/** Presses Tab until it is there; each stop on the way has to show. */
async function tabTo(page: Page, locator: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await locator.first().waitFor();
  for (let stops = 0; stops < 80; stops++) {
    if (await isFocused(locator)) return;
    await page.keyboard.press(key);
    expect(await focusFault(page)).toBe('');
  }
  throw new Error(`80 stops do not lead to ${locator}`);
}

/** What is wrong with where the focus is; the window's own end, between the last stop and the first, is no fault. */
const focusFault = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    // what slides into sight when it gets the focus is there after the next frame
    await frame();
    await frame();
    const element = document.activeElement;
    if (element === null || element === document.body) return '';
    const name = element.outerHTML.slice(0, 200);
    const { width, height, bottom, right, top, left } = element.getBoundingClientRect();
    if (width === 0 || height === 0) return `nothing is to be seen of ${name}`;
    if (bottom <= 0 || right <= 0 || top >= innerHeight || left >= innerWidth) return `out of sight: ${name}`;
    if (!element.matches(':focus-visible') && element.getAttribute('tabindex') !== '-1')
      return `not shown: ${name}`;
    const drawn = (style: CSSStyleDeclaration) =>
      (style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0) ||
      style.boxShadow !== 'none';
    // a field may be shown by the frame around it, a link by the row it stands for
    const frames = [element, element.parentElement, element.parentElement?.parentElement];
    const shown =
      frames.some((frame) => frame && drawn(getComputedStyle(frame))) ||
      drawn(getComputedStyle(element, '::after'));
    return shown || element.getAttribute('tabindex') === '-1' ? '' : `no mark of the focus on ${name}`;
  });
