import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Answer } from '../src/contract/query.ts';
import { launchBrowser } from './lib/browser.ts';
import { makePdf } from './lib/documents.ts';
import { makeInstallation } from './lib/installation.ts';
import { type Bench, percentile, type Row, round } from './lib/row.ts';
import { BENCH_USER, type BenchServer, startServer } from './lib/server.ts';

/** What the browser loads, how a library of 10,000 documents scrolls, and how fast the first words show. */
export const bench: Bench = {
  id: 'A12',
  async run({ quick, log }) {
    const installation = await makeInstallation(10_000, { chunksPerDocument: 1 });
    const server = await startServer({ dataDir: installation.dataDir });
    const browser = await launchBrowser();
    try {
      const signedIn = await signIn(browser, server);
      const first = await firstLoad(browser, server, signedIn);
      log(`first load ${first.figure} kB`);
      const chunks = await ownChunks(browser, server, signedIn);
      const scrolled = await scrollLibrary(browser, server, signedIn, quick ? 3 : 5);
      log(`longest frames ${scrolled.figure} ms`);
      const words = await firstWords(browser, server, signedIn, installation.words, quick ? 6 : 10);
      return [first, chunks, scrolled, words];
    } finally {
      await browser.close();
      await server.stop();
      await installation.remove();
    }
  },
};

/** What a browser keeps of a session, so that others start signed in and with an empty cache. */
type Kept = Awaited<ReturnType<BrowserContext['storageState']>>;

async function signIn(browser: Browser, { url }: BenchServer): Promise<Kept> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('Email').fill(BENCH_USER.email);
  await page.getByLabel('Password', { exact: true }).fill(BENCH_USER.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('main#page').waitFor();
  // without the page first, so that it does not renew the cookie once more
  await page.close();
  const kept = await context.storageState();
  await context.close();
  return kept;
}

interface Loaded {
  readonly name: string;
  readonly bytes: number;
}

/** The scripts and style sheets that a page asks for, with their bytes on the line. */
function watchLoads(page: Page): Promise<Loaded>[] {
  const loads: Promise<Loaded>[] = [];
  page.on('requestfinished', (request) => {
    if (!['script', 'stylesheet'].includes(request.resourceType())) return;
    const name = new URL(request.url()).pathname.replace('/assets/', '');
    loads.push(request.sizes().then(({ responseBodySize }) => ({ name, bytes: responseBodySize })));
  });
  return loads;
}

const total = (loads: readonly Loaded[]) => loads.reduce((sum, { bytes }) => sum + bytes, 0);
const listed = (loads: readonly Loaded[]) =>
  [...loads]
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ name, bytes }) => `${name.replace(/-[\w-]{8}\./, '.')} ${round(bytes / 1000, 1)}`)
    .join(', ');

/** One context after the other: the cookie rotates with each start. */
async function visit(
  browser: Browser,
  kept: Kept | undefined,
  work: (page: Page) => Promise<void>,
): Promise<Kept> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    ...(kept === undefined ? {} : { storageState: kept }),
  });
  const page = await context.newPage();
  await work(page);
  await page.close();
  const after = await context.storageState();
  await context.close();
  if (kept !== undefined) Object.assign(kept, after);
  return after;
}

async function firstLoad(browser: Browser, { url }: BenchServer, kept: Kept): Promise<Row> {
  const measure = async (session: Kept | undefined) => {
    let loads: Promise<Loaded>[] = [];
    await visit(browser, session, async (page) => {
      loads = watchLoads(page);
      await page.goto(url);
      await page.locator('main h1').waitFor();
      await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
    });
    return Promise.all(loads);
  };
  const home = await measure(kept);
  const signInPage = await measure(undefined);
  const larger = total(home) > total(signInPage) ? home : signInPage;
  const kB = total(larger) / 1000;
  return {
    id: 'A12',
    name: 'web app: first load of JS and CSS',
    target: '≤ 130 kB',
    figure: round(kB, 1),
    unit: 'kB',
    ok: kB <= 130,
    detail: `as sent by the server; home ${round(total(home) / 1000, 1)} kB, signing in ${round(total(signInPage) / 1000, 1)} kB; ${listed(larger)}`,
  };
}

/** Chat, upload, viewer and administration come with their first use, each in files of its own. */
async function ownChunks(browser: Browser, { url }: BenchServer, kept: Kept): Promise<Row> {
  const own: [string, Loaded[]][] = [];
  await visit(browser, kept, async (page) => {
    const loads = watchLoads(page);
    await page.goto(url);
    await page.locator('main h1').waitFor();
    let known = loads.length;
    const area = async (name: string, open: () => Promise<void>) => {
      await open();
      own.push([name, await Promise.all(loads.slice(known))]);
      known = loads.length;
    };
    await area('chat', async () => {
      await page.goto(`${url}/chat`);
      await page.getByLabel('Question', { exact: true }).waitFor();
    });
    await area('admin', async () => {
      await page.goto(`${url}/admin`);
      await page.getByRole('heading', { name: 'Admin' }).waitFor();
      await page.getByRole('table').first().waitFor();
    });
    await page.goto(`${url}/library`);
    await page.getByRole('row').nth(1).waitFor();
    known = loads.length;
    await area('upload', async () => {
      const [chooser] = await Promise.all([
        page.waitForEvent('filechooser'),
        page.getByRole('button', { name: 'Upload', exact: true }).click(),
      ]);
      await chooser.setFiles({
        name: 'plan.pdf',
        mimeType: 'application/pdf',
        buffer: Buffer.from(makePdf(1, 12)),
      });
      await page
        .getByRole('region', { name: 'Uploads' })
        .getByText(/^Ready/)
        .waitFor();
    });
    await area('viewer', async () => {
      await page.getByRole('link', { name: 'Open plan.pdf' }).click();
      await page.locator('.pdf-text span').first().waitFor();
    });
  });
  // a file that an earlier area loaded comes from the cache, with no bytes, and is nobody's own
  const seen = new Set<string>();
  const apart = own.map(([name, loads]) => {
    const fresh = loads.filter((load) => load.bytes > 0 && !seen.has(load.name));
    for (const load of fresh) seen.add(load.name);
    return [name, fresh] as const;
  });
  const ok = apart.every(([, loads]) => loads.length > 0);
  return {
    id: 'A12',
    name: 'web app: areas that load with their first use',
    target: 'chat, upload, viewer, admin',
    figure: apart.filter(([, loads]) => loads.length > 0).length,
    unit: 'of 4',
    ok,
    detail: apart
      .map(([name, loads]) => `${name} ${round(total(loads) / 1000, 1)} kB (${listed(loads)})`)
      .join('; '),
  };
}

interface Scrolled {
  readonly longestFrameMs: number;
  readonly frames: number;
  readonly rows: number;
}

async function scrollLibrary(browser: Browser, { url }: BenchServer, kept: Kept, runs: number): Promise<Row> {
  const all: Scrolled[] = [];
  const tasks: number[] = [];
  for (let run = 0; run < runs; run++)
    await visit(browser, kept, async (page) => {
      await page.goto(`${url}/library`);
      await page.getByRole('row').nth(10).waitFor();
      await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'] });
      all.push(await page.evaluate(scrollThrough));
      tasks.push(longestTaskCpuMs((await browser.stopTracing()).toString()));
    });
  const longest = all.map(({ longestFrameMs }) => longestFrameMs);
  const median = percentile(longest, 0.5);
  return {
    id: 'A12',
    name: 'web app: longest frame in scrolling 10,000 documents',
    target: '≤ 50 ms',
    figure: round(median, 1),
    unit: 'ms',
    ok: median <= 50,
    detail: `median of ${runs} runs (${longest.map((ms) => round(ms, 0)).join(', ')} ms) of ${all[0]?.frames} frames over ${all[0]?.rows} rows; the most that one task computed: ${tasks.map((ms) => round(ms, 0)).join(', ')} ms, the rest of a longer frame is waiting for a core`,
  };
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds that the thread ran, what it waited for left out. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Of the page's main thread. */
function longestTaskCpuMs(trace: string): number {
  const { traceEvents } = JSON.parse(trace) as { traceEvents: readonly TraceEvent[] };
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid}/${tid}`;
  const main = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(threadOf),
  );
  return traceEvents
    .filter((event) => event.ph === 'X' && event.name.endsWith('RunTask') && main.has(threadOf(event)))
    .reduce((longest, { tdur = 0 }) => Math.max(longest, tdur / 1000), 0);
}

/** In the page: down at 24,000 pixels a second while pages load, to the end at once, and up again. */
async function scrollThrough(): Promise<Scrolled> {
  const list = [...document.querySelectorAll<HTMLElement>('main *')].find(
    ({ scrollHeight, clientHeight }) => scrollHeight > 100_000 && clientHeight < 2000,
  );
  if (list === undefined) throw new Error('nothing scrolls');
  let longestFrameMs = 0;
  let frames = 0;
  const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
  let before = await frame();
  const step = async (pixels: number) => {
    list.scrollTop += pixels;
    const at = await frame();
    longestFrameMs = Math.max(longestFrameMs, at - before);
    before = at;
    frames++;
  };
  for (let i = 0; i < 360; i++) await step(400);
  await step(list.scrollHeight);
  for (let i = 0; i < 180; i++) await step(-400);
  const rows = Math.round(
    list.scrollHeight / (document.querySelectorAll<HTMLElement>('[role=row]')[1]?.offsetHeight ?? 1),
  );
  return { longestFrameMs, frames, rows };
}

/** In the page: the answers' events, in the order of the questions. */
interface KeptStreams {
  streams: Promise<string>[];
}

async function firstWords(
  browser: Browser,
  { url }: BenchServer,
  kept: Kept,
  words: readonly string[],
  questions: number,
): Promise<Row> {
  const later: number[] = [];
  const shown: number[] = [];
  await visit(browser, kept, async (page) => {
    // the app reads the stream as it comes, which leaves nothing of it to the debugger
    await page.addInitScript(() => {
      const kept = globalThis as unknown as KeptStreams;
      const send = fetch;
      kept.streams = [];
      globalThis.fetch = async (...call) => {
        const response = await send(...call);
        if (response.url.endsWith('/api/v1/query')) kept.streams.push(response.clone().text());
        return response;
      };
    });
    await page.goto(`${url}/chat`);
    // the first question also makes the conversation; the next ones are what is measured
    for (let i = 0; i <= questions; i++) {
      await page
        .getByLabel('Question', { exact: true })
        .fill(`What is said about ${words[3 * i]} and ${words[3 * i + 1]}?`);
      await page.keyboard.press('Enter');
      const mark = page.locator('[data-first-word-ms]').nth(i);
      await mark.waitFor();
      if (i === 0) continue;
      const shownMs = Number(await mark.getAttribute('data-first-word-ms'));
      shown.push(shownMs);
      const events = await page.evaluate((n) => (globalThis as unknown as KeptStreams).streams[n] ?? '', i);
      const { timings } = JSON.parse(
        /event: done\n(?:id: .*\n)?data: (.*)\n/.exec(events)?.[1] ?? '',
      ) as Answer;
      later.push(shownMs - (timings.firstTokenMs ?? Number.NaN));
    }
  });
  const median = percentile(later, 0.5);
  return {
    id: 'A12',
    name: 'web app: first words on the screen after the server sent them',
    target: '≤ 20 ms',
    figure: round(median, 1),
    unit: 'ms',
    ok: median <= 20,
    detail: `median of ${questions} questions (${round(Math.min(...later), 1)}–${round(Math.max(...later), 1)} ms); from sending to the painted words ${round(percentile(shown, 0.5), 0)} ms`,
  };
}
