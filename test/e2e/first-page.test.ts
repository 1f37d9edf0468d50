import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDocx } from '../../bench/lib/documents.ts';
import { type BenchServer, startServer } from '../../bench/lib/server.ts';
import { describeWith } from '../support/needs.ts';

/** `KA_SCREENSHOTS=folder` keeps what the browser showed. */
const screenshots = process.env['KA_SCREENSHOTS'];

describeWith('browser', 'the first page in a real browser', (executablePath) => {
  let server: BenchServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await startServer();
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function open(
    width: number,
    scheme: 'light' | 'dark',
  ): Promise<{ page: Page; foreign: string[]; faults: string[] }> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
    const page = await context.newPage();
    const foreign: string[] = [];
    const faults: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !request.url().startsWith('blob:'))
        foreign.push(request.url());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(server.url);
    return { page, foreign, faults };
  }

  async function keep(page: Page, name: string, height = 900): Promise<void> {
    if (screenshots === undefined) return;
    mkdirSync(screenshots, { recursive: true });
    const width = page.viewportSize()?.width ?? 0;
    await page.screenshot({
      path: join(screenshots, `${name}.png`),
      clip: { x: 0, y: 0, width, height },
    });
  }

  const markdown =
    '# Harbour rules\n\nThe harbour master of Lindholm is Astrid Vang.\n\n## Fees\n\nA visiting yacht pays 34 crowns a night, and electricity is included.\n\n<img src=x onerror="document.title=1">\n';

  test('a newcomer registers, uploads, asks, and sees the cited passage marked on its page', async () => {
    const { page, foreign, faults } = await open(1440, 'light');
    await keep(page, 'sign-in-1440-light');
    await page.getByLabel('Email').fill('first@example.org');
    await page.getByLabel('Password').fill('a long password');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByText('Nothing here yet').waitFor();
    await page.locator('#files').setInputFiles([
      { name: 'harbour.md', mimeType: 'text/markdown', buffer: Buffer.from(markdown) },
      { name: 'filler.docx', mimeType: 'application/octet-stream', buffer: Buffer.from(makeDocx(4000, 7)) },
      { name: 'empty.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(0) },
    ]);
    await page.locator('.state.ready').nth(1).waitFor();
    await page.getByLabel('Question', { exact: true }).fill('How much does a visiting yacht pay a night?');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.locator('.citation').first().click();
    await page.locator('.passage mark').waitFor();
    expect(await page.locator('.passage mark').textContent()).toContain('34 crowns');
    await keep(page, 'answer-1440-light', 420);

    await page
      .getByLabel('Question', { exact: true })
      .fill('Which vaccine does the veterinarian recommend for ferrets?');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.locator('article.refused').waitFor();
    await keep(page, 'refusal-1440-light');
    expect(await page.title()).toBe('Knowledge Assistant');
    expect(foreign).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('a reload keeps the session, and the page fits a phone in the dark', async () => {
    const { page, faults } = await open(390, 'dark');
    await page.getByLabel('Email').fill('phone@example.org');
    await page.getByLabel('Password').fill('a long password');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Create account' }).press('Enter');
    await page.getByText('Nothing here yet').waitFor();
    await page.reload();
    await page.getByText('Nothing here yet').waitFor();
    await keep(page, 'empty-390-dark');
    const overflowPx = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflowPx).toBe(0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
