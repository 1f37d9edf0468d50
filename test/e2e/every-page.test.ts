import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { seriousViolations } from '../support/axe.ts';
import { keepScreenshot, openBrowserHouse, overflowPx } from '../support/browser-house.ts';
import { type Furnished, furnish } from '../support/furnished-person.ts';
import { describeWith } from '../support/needs.ts';

/** Every address of the app, by what it is called here. */
const PAGES: readonly (readonly [name: string, path: (ids: Furnished) => string])[] = [
  ['home', () => '/'],
  ['new-chat', () => '/chat'],
  ['chat', ({ conversationId }) => `/chat/${conversationId}`],
  ['library', () => '/library'],
  ['library-filtered', () => '/library?tag=rules&q=harbour'],
  ['library-no-match', () => '/library?q=nothing+is+called+this'],
  ['document', ({ documentId }) => `/library/${documentId}?page=2&start=18&end=190`],
  ['document-passages', ({ documentId }) => `/library/${documentId}?tab=passages`],
  ['document-cited', ({ documentId }) => `/library/${documentId}?tab=cited`],
  ['document-details', ({ documentId }) => `/library/${documentId}?tab=details`],
  ['document-gone', () => '/library/019f0000-0000-7000-8000-000000000000'],
  ['collections', () => '/collections'],
  ['settings', () => '/settings'],
  ['admin-users', () => '/admin'],
  ['admin-usage', () => '/admin/usage'],
  ['admin-performance', () => '/admin/performance'],
  ['admin-jobs', () => '/admin/jobs'],
  ['admin-audit', () => '/admin/audit'],
  ['admin-feedback', () => '/admin/feedback'],
  ['admin-health', () => '/admin/health'],
];

describeWith('browser', 'every page, wide and narrow, light and dark', (executablePath) => {
  const house = openBrowserHouse(executablePath);
  let furnished: Furnished;
  beforeAll(async () => {
    await house.newPerson();
    furnished = await furnish(house.admin);
  });

  test('is within its window and free of serious accessibility violations', {
    timeout: 180_000,
  }, async () => {
    const page = await house.visit({ as: house.admin });
    house.expectFaults(page, /404 on .*019f0000/);
    const faults: string[] = [];
    for (const [name, path] of PAGES) {
      await page.goto(house.url + path(furnished));
      await settled(page);
      faults.push(...(await examine(page, name)));
    }
    expect(faults).toEqual([]);
  });

  test('the same is true before one has signed in', async () => {
    const page = await house.visit();
    const faults = await examine(page, 'sign-in');
    await page.getByRole('button', { name: 'Create account' }).click();
    faults.push(...(await examine(page, 'register')));
    expect(faults).toEqual([]);
  });

  test('the same is true of a newcomer’s empty pages', async () => {
    const page = await house.visit({ as: await house.newPerson() });
    const faults: string[] = [];
    for (const [name, path] of [
      ['home', '/'],
      ['new-chat', '/chat'],
      ['library', '/library'],
      ['collections', '/collections'],
    ] as const) {
      await page.goto(house.url + path);
      await settled(page);
      faults.push(...(await examine(page, `empty-${name}`)));
    }
    expect(faults).toEqual([]);
  });
});

const LOOKS = [
  { width: 1440, height: 900, scheme: 'light' },
  { width: 1440, height: 900, scheme: 'dark' },
  { width: 390, height: 844, scheme: 'light' },
  { width: 390, height: 844, scheme: 'dark' },
] as const;

/** What is wrong with the page in any of its looks. */
async function examine(page: Page, name: string): Promise<string[]> {
  const faults: string[] = [];
  for (const { width, height, scheme } of LOOKS) {
    const look = `${name}-${width}-${scheme}`;
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme });
    await settled(page);
    const wider = await overflowPx(page);
    if (wider > 0) faults.push(`${look} is ${wider} px too wide`);
    // the dark theme has the same elements in other colours, which the wide look shows all of
    if (width > 390 || scheme === 'light')
      faults.push(...(await seriousViolations(page)).map((violation) => `${look}: ${violation}`));
    await keepScreenshot(page, look);
  }
  return faults;
}

/** Nothing is loading, and what moves to its place has arrived. */
async function settled(page: Page): Promise<void> {
  await page.locator('main').waitFor();
  await expect.poll(() => page.getByRole('status', { name: 'Loading' }).count()).toBe(0);
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    const ends = document
      .getAnimations()
      .filter(({ effect }) => effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
    await Promise.allSettled(ends.map(({ finished }) => finished));
  });
}
