import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchBrowser } from '../../bench/lib/browser.ts';
import {
  BENCH_USER,
  type BenchServer,
  type Client,
  registerClient,
  startServer,
} from '../../bench/lib/server.ts';
import { openServerStores, type ServerStores } from './server-stores.ts';

/** `KA_SCREENSHOTS=folder` keeps what the browser showed. */
const screenshots = process.env['KA_SCREENSHOTS'];

export interface Person {
  readonly email: string;
  readonly password: string;
  /** The same person without a browser. */
  readonly api: Client;
}

export interface VisitOptions {
  /** Signed in as; absent: as nobody. */
  readonly as?: Person;
  readonly path?: string;
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  readonly context?: BrowserContextOptions;
}

export interface BrowserHouse {
  readonly url: string;
  /** The first account, which is the administrator's. */
  readonly admin: Person;
  newPerson(): Promise<Person>;
  /** A browser of one's own: another visit shares no cookie with it. */
  visit(options?: VisitOptions): Promise<Page>;
  /** Another tab of the same browser. */
  anotherTab(page: Page, path?: string): Promise<Page>;
  /** Faults that a test means to bring about; everything else that a page reports fails its test. */
  expectFaults(page: Page, ...patterns: readonly RegExp[]): void;
}

/**
 * A real server and a real browser for the tests of one `describe`. Each test fails when one of its pages throws,
 * writes an error to the console (a violation of the content policy is one), opens a dialog of the browser or asks
 * another origin for anything.
 */
export function openBrowserHouse(executablePath: string, env: Record<string, string> = {}): BrowserHouse {
  let stores: ServerStores;
  let server: BenchServer;
  let browser: Browser;
  let admin: Person;
  let people = 0;
  const visits = new Map<BrowserContext, { readonly faults: string[]; readonly expected: RegExp[] }>();

  beforeAll(async () => {
    stores = await openServerStores();
    server = await startServer({ env: { ...stores.env, ...env } });
    browser = await launchBrowser(executablePath);
    admin = await newPerson();
  });
  afterEach(async () => {
    const faults = [...visits.values()].flatMap((visit) =>
      visit.faults.filter((fault) => !visit.expected.some((pattern) => pattern.test(fault))),
    );
    await Promise.all([...visits.keys()].map((context) => context.close()));
    visits.clear();
    expect(faults, 'what the pages reported').toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await stores?.close();
  });

  async function newPerson(): Promise<Person> {
    const email = `person${++people}@example.org`;
    return { email, password: BENCH_USER.password, api: await registerClient(server.url, email) };
  }

  function watch(context: BrowserContext): void {
    const faults: string[] = [];
    visits.set(context, { faults, expected: [] });
    context.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${server.url}/`) && !url.startsWith('blob:')) faults.push(`asked ${url}`);
    });
    context.on('weberror', (fault) => faults.push(`threw ${fault.error().stack ?? fault.error().message}`));
    context.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      const status = /status of (\d+)/.exec(message.text())?.[1];
      // a failed request names its address beside the text
      faults.push(status === undefined ? message.text() : `${status} on ${message.location().url}`);
    });
    context.on('dialog', (dialog) => {
      faults.push(`opened a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  async function open(page: Page, path: string): Promise<void> {
    await page.goto(server.url + path);
    // until then nothing listens to keys
    await page.locator('main').waitFor();
  }

  async function signIn(page: Page, { email, password }: Person, path: string): Promise<void> {
    await open(page, `/sign-in?next=${encodeURIComponent(path)}`);
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('main#page').waitFor();
  }

  return {
    get url() {
      return server.url;
    },
    get admin() {
      return admin;
    },
    newPerson,
    async visit({ as, path = '/', width = 1440, height = 900, scheme = 'light', context: others } = {}) {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: scheme,
        locale: 'en-GB',
        reducedMotion: 'reduce',
        ...others,
      });
      context.setDefaultTimeout(15_000);
      watch(context);
      const page = await context.newPage();
      if (as === undefined) await open(page, path);
      else await signIn(page, as, path);
      return page;
    },
    async anotherTab(page, path = '/') {
      const other = await page.context().newPage();
      await open(other, path);
      return other;
    },
    expectFaults(page, ...patterns) {
      visits.get(page.context())?.expected.push(...patterns);
    },
  };
}

/** Keeps what the page shows, where `KA_SCREENSHOTS` asks for it. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  if (screenshots === undefined) return;
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

/** CSS pixels by which the page, or what scrolls in it, is wider than its room. */
export const overflowPx = (page: Page): Promise<number> =>
  page.evaluate(() =>
    Math.max(
      ...[document.documentElement, ...document.querySelectorAll('main, dialog[open]')].map(
        ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
      ),
    ),
  );
