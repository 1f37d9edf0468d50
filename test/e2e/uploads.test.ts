import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { makePdf } from '../../bench/lib/documents.ts';
import { openBrowserHouse } from '../support/browser-house.ts';
import { lockedPdfFile, type MadeFile, textFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';

const note = textFile('note.md', '# Note\n\nThe key to the boathouse hangs behind the clock.\n');
const report: MadeFile = {
  name: 'report.pdf',
  mimeType: 'application/pdf',
  buffer: Buffer.from(makePdf(2, 11, { lastWord: 'quokka', ballastBytes: 300_000 })),
};
const empty: MadeFile = { name: 'empty.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(0) };

describeWith('browser', 'uploads', (executablePath) => {
  const house = openBrowserHouse(executablePath, { MAX_UPLOAD_MB: '1' });

  test('what cannot be taken is listed with its reason, and never sinks the rest', async () => {
    const page = await house.visit({ as: await house.newPerson() });
    house.expectFaults(page, /415 on .*\/api\/v1\/documents$/);
    await choose(page, [
      note,
      empty,
      { name: 'large.md', mimeType: 'text/markdown', buffer: Buffer.alloc(1_200_000, 'a ') },
      { name: 'tool.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ\x90\0\x03\0\0\0') },
      lockedPdfFile('sealed.pdf'),
    ]);
    const tray = trayOf(page);
    await tray.getByRole('heading', { name: '4 files need a look' }).waitFor();
    expect(await row(page, 'note.md').innerText()).toContain('Ready');
    expect(await row(page, 'empty.pdf').innerText()).toContain('The file is empty');
    expect(await row(page, 'large.md').innerText()).toContain('The file is too large');
    expect(await row(page, 'tool.exe').innerText()).toContain('format');
    expect(await row(page, 'sealed.pdf').innerText()).toMatch(/password|encrypted/i);
    // sending these once more does not help
    expect(await tray.getByRole('button', { name: 'Try empty.pdf again' }).count()).toBe(0);
    expect(await tray.getByRole('button', { name: 'Try large.md again' }).count()).toBe(0);
    await tray.getByRole('button', { name: 'Try sealed.pdf again' }).click();
    await tray.getByRole('button', { name: 'Cancel sealed.pdf' }).waitFor();
    await tray.getByRole('button', { name: 'Try sealed.pdf again' }).waitFor();
  });

  test('the same bytes once more are recognised', async () => {
    const person = await house.newPerson();
    const page = await house.visit({ as: person });
    await choose(page, [note]);
    await ready(page, 'note.md');
    await trayOf(page).getByRole('button', { name: 'Clear the list' }).click();
    await choose(page, [{ ...note, name: 'the same.md' }]);
    await row(page, 'the same.md').getByText('Already in your library').waitFor();
    expect((await person.api.get<{ total: number }>('/api/v1/documents')).total).toBe(1);
  });

  test('a reload in the middle of sending goes on by itself and ends ready', async () => {
    const person = await house.newPerson();
    const page = await house.visit({ as: person });
    const network = await slowUplink(page);
    await choose(page, [report, note]);
    await row(page, 'report.pdf')
      .getByText(/^Sending/)
      .waitFor();
    await page.reload();
    // listed again before anything of it has arrived
    await row(page, 'report.pdf').waitFor();
    expect((await person.api.get<{ total: number }>('/api/v1/documents?q=report')).total).toBe(0);
    await network.fast();
    await ready(page, 'report.pdf');
    await ready(page, 'note.md');
    const { hits } = await person.api.post<{ hits: { text: string }[] }>('/api/v1/search', {
      query: 'quokka',
    });
    expect(hits[0]?.text).toContain('quokka');
    // done is done: another reload brings nothing back
    await page.reload();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    expect(await trayOf(page).count()).toBe(0);
  });

  test('going to other pages leaves the sending alone', async () => {
    const page = await house.visit({ as: await house.newPerson() });
    const network = await slowUplink(page);
    await choose(page, [report]);
    await row(page, 'report.pdf')
      .getByText(/^Sending/)
      .waitFor();
    await page.getByRole('link', { name: 'New chat' }).click();
    await page.getByLabel('Question', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Collections' }).click();
    await row(page, 'report.pdf')
      .getByText(/^Sending/)
      .waitFor();
    await network.fast();
    await ready(page, 'report.pdf');
  });

  test('what was cancelled is not kept, in sending and in line', async () => {
    const person = await house.newPerson();
    const page = await house.visit({ as: person });
    const network = await slowUplink(page);
    const others = [1, 2, 3].map((n) => ({
      ...report,
      name: `report ${n}.pdf`,
      buffer: copyOf(report.buffer, n),
    }));
    await choose(page, [...others, note]);
    await row(page, 'note.md').getByText('Waiting').waitFor();
    await trayOf(page).getByRole('button', { name: 'Cancel note.md' }).click();
    await row(page, 'note.md').getByText('Cancelled').waitFor();
    await trayOf(page).getByRole('button', { name: 'Cancel report 1.pdf' }).click();
    await row(page, 'report 1.pdf').getByText('Cancelled').waitFor();
    await network.fast();
    await ready(page, 'report 2.pdf');
    await ready(page, 'report 3.pdf');
    const { items } = await person.api.get<{ items: { filename: string }[] }>('/api/v1/documents');
    expect(items.map(({ filename }) => filename).sort()).toEqual(['report 2.pdf', 'report 3.pdf']);
  });

  test('files that are dropped or pasted anywhere come in', async () => {
    const page = await house.visit({ as: await house.newPerson(), path: '/chat' });
    await expect
      .poll(async () => {
        await handOver(page, 'dragenter', 'dropped.md');
        return await page.getByText('Drop files or folders anywhere').isVisible();
      })
      .toBe(true);
    await handOver(page, 'drop', 'dropped.md');
    await page.getByText('Drop files or folders anywhere').waitFor({ state: 'hidden' });
    await handOver(page, 'paste', 'pasted.md');
    await ready(page, 'dropped.md');
    await ready(page, 'pasted.md');
  });
});

const trayOf = (page: Page) => page.getByRole('region', { name: 'Uploads' });
const row = (page: Page, name: string) => trayOf(page).getByRole('listitem').filter({ hasText: name });
const ready = (page: Page, name: string) =>
  row(page, name)
    .getByText(/^Ready/)
    .waitFor();

/** Through the real file chooser, by the command that is there on every page. */
async function choose(page: Page, files: readonly MadeFile[]): Promise<void> {
  await page.keyboard.press('ControlOrMeta+KeyK');
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('option', { name: 'Upload files' }).click(),
  ]);
  await chooser.setFiles([...files]);
}

/** What the browser does when a file is dragged or pasted; the real thing needs a desktop. */
async function handOver(page: Page, kind: 'dragenter' | 'drop' | 'paste', filename: string): Promise<void> {
  await page.evaluate(
    ([event, name]) => {
      const data = new DataTransfer();
      data.items.add(new File([`# ${name}\n\nIt came by itself.`], name));
      const init = { bubbles: true, cancelable: true };
      document.body.dispatchEvent(
        event === 'paste'
          ? new ClipboardEvent(event, { ...init, clipboardData: data })
          : new DragEvent(event, { ...init, dataTransfer: data }),
      );
    },
    [kind, filename] as const,
  );
}

/** The same length with one byte of the picture's noise changed. */
function copyOf(bytes: Buffer, n: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bytes.length - 100_000] = n;
  return copy;
}

/** A line that takes minutes for a file, until it is made fast again; a reload keeps it slow. */
async function slowUplink(page: Page): Promise<{ fast(): Promise<void> }> {
  const devtools = await page.context().newCDPSession(page);
  const set = (uploadThroughput: number) =>
    devtools.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput,
    });
  await devtools.send('Network.enable');
  await set(2000);
  return { fast: async () => void (await set(-1)) };
}
