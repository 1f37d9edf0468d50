import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { makePdf } from '../../../../test/fixtures/parse/make-pdf.ts';
import { inOnePart } from '../../ingest/in-one-part.ts';
import { parseFile } from '../../ingest/parse/parse-file.ts';
import {
  createProcessParser,
  type ParseReport,
  type ProcessParser,
  type ProcessParserOptions,
} from './process.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function stored(name: string, content: string | Buffer) {
  const folder = mkdtempSync(join(tmpdir(), 'parser-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'stored');
  writeFileSync(path, content);
  return { path, filename: name };
}

/** A parser whose `parse` gives the whole document. */
function parser(options: ProcessParserOptions = {}) {
  const reports: ParseReport[] = [];
  const made = createProcessParser({ ...options, onReport: (report) => reports.push(report) });
  cleanups.push(() => made.close());
  const whole = {
    ...made,
    parse: (...call: Parameters<ProcessParser['parse']>) => inOnePart(made.parse(...call)),
  };
  return { parser: whole, parts: made, reports };
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const small = 'Some words.';
/** Takes long enough to be met at work. */
const large = `${'Words upon words upon words.\n\n'.repeat(200_000)}`;

test('files are read one after the other by one process', async () => {
  const { parser: p, reports } = parser();
  const pdf = makePdf([{ texts: [{ x: 72, y: 700, text: 'On a page' }] }]);
  const documents = await Promise.all([
    p.parse(stored('a.txt', small)),
    p.parse(stored('b.pdf', pdf)),
    p.parse(stored('c.md', '# Head')),
  ]);
  expect(documents.map((document) => document.pages[0]!.text)).toEqual([small, 'On a page', 'Head']);
  expect(new Set(reports.map((report) => report.pid)).size).toBe(1);
});

test.runIf(process.platform === 'linux')(
  'where memory runs out the system ends the process that reads before the server',
  async () => {
    const { parser: p, reports } = parser();
    await p.parse(stored('a.txt', small));
    expect(readFileSync(`/proc/${reports[0]?.pid}/oom_score_adj`, 'utf8').trim()).toBe('1000');
    expect(readFileSync('/proc/self/oom_score_adj', 'utf8').trim()).not.toBe('1000');
  },
);

test('an error of a file comes as the same error', async () => {
  const { parser: p } = parser();
  await expect(p.parse(stored('a.pdf', 'not a pdf at all'))).rejects.toMatchObject({
    name: 'AppError',
    code: 'FILE_BROKEN',
  });
});

test('a process that dies takes only its file with it', async () => {
  const { parser: p, reports } = parser();
  await p.parse(stored('a.txt', small));
  const first = reports[0]!.pid;
  const doomed = p.parse(stored('b.txt', large));
  process.kill(first, 'SIGSEGV');
  await expect(doomed).rejects.toMatchObject({ code: 'FILE_BROKEN' });
  expect((await p.parse(stored('c.txt', small))).pages[0]!.text).toBe(small);
  expect(reports[2]!.pid).not.toBe(first);
});

test('a file that takes too long is given up', async () => {
  const { parser: p, reports } = parser({ timeoutMs: 1 });
  await expect(p.parse(stored('a.txt', large))).rejects.toMatchObject({ code: 'PARSE_TIMEOUT' });
  expect(alive(reports[0]!.pid)).toBe(false);
});

test('a file that takes too much memory is given up', async () => {
  const { parser: p } = parser({ memoryLimitMb: 40 });
  await expect(p.parse(stored('a.txt', large))).rejects.toMatchObject({ code: 'PARSE_MEMORY' });
});

/** One part holds the text of some 200 pages. */
const book = (pages: number) =>
  makePdf(
    Array.from({ length: pages }, (_, page) => ({
      texts: Array.from({ length: 50 }, (_, line) => ({
        x: 72,
        y: 740 - 14 * line,
        text: `Line ${line} of page ${page + 1} tells of words upon words upon words.`,
      })),
    })),
    { title: 'A long book' },
  );
/** Its reading takes seconds after its first part: it is met at work. */
const endlessPdf = book(2_000);

test('a long PDF comes in parts that together are the document', async () => {
  const { parts: p } = parser();
  const file = stored('long.pdf', book(450));
  const parts = await Array.fromAsync(p.parse(file));
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.map(({ last }) => last)).toEqual(parts.map((_, i) => i === parts.length - 1));
  for (const { mimeType, title, pageCount, pages } of parts) {
    expect({ mimeType, title, pageCount }).toEqual({
      mimeType: 'application/pdf',
      title: 'A long book',
      pageCount: 450,
    });
    expect(pages.length).toBeGreaterThan(0);
  }
  const { last, ...whole } = await parseFile(file);
  expect(last).toBe(true);
  expect(parts.flatMap(({ pages }) => pages)).toEqual(whole.pages);
  expect(whole.pages.map(({ number }) => number)).toEqual(Array.from({ length: 450 }, (_, i) => i + 1));
});

test('parts are sent while later pages are still read, and a death after some of them is a fault', async () => {
  const { parts: p, reports } = parser();
  await Array.fromAsync(p.parse(stored('a.txt', small)));
  const { pid } = reports[0]!;
  const taken: number[] = [];
  const reading = (async () => {
    for await (const { pages } of p.parse(stored('long.pdf', endlessPdf))) {
      if (taken.length === 0) process.kill(pid, 'SIGSEGV');
      taken.push(pages.length);
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: 'FILE_BROKEN' });
  expect(taken.length).toBeGreaterThan(0);
  expect(taken.reduce((sum, pages) => sum + pages, 0)).toBeLessThan(2_000);
  expect((await inOnePart(p.parse(stored('b.txt', small)))).pages[0]!.text).toBe(small);
});

test('who takes no more parts stops the reading, and the next file is read', async () => {
  const { parts: p, reports } = parser();
  const next = stored('b.txt', small);
  for await (const { last } of p.parse(stored('long.pdf', endlessPdf))) {
    expect(last).toBe(false);
    break;
  }
  expect((await inOnePart(p.parse(next))).pages[0]!.text).toBe(small);
  expect(alive(reports[0]!.pid)).toBe(false);
  expect(reports[1]!.pid).not.toBe(reports[0]!.pid);
});

test('a reading that is aborted between two parts ends with the abort', async () => {
  const { parts: p, reports } = parser();
  const controller = new AbortController();
  const reading = (async () => {
    for await (const part of p.parse(stored('long.pdf', endlessPdf), controller.signal)) {
      expect(part.last).toBe(false);
      controller.abort();
    }
  })();
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  expect(alive(reports[0]!.pid)).toBe(false);
});

test('an aborted file stops at once, at work or in line, and the next one is read', async () => {
  const { parser: p } = parser();
  const controller = new AbortController();
  const outcomes = Promise.allSettled([
    p.parse(stored('a.txt', large), controller.signal),
    p.parse(stored('b.txt', large), controller.signal),
    p.parse(stored('c.txt', small)),
  ]);
  controller.abort();
  const [atWork, inLine, after] = await outcomes;
  expect(atWork).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
  expect(inLine).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
  expect(after).toMatchObject({ status: 'fulfilled', value: { pages: [{ text: small }] } });
});

test('an idle process ends, and so does one that read its share', async () => {
  const idle = parser({ idleMs: 1 });
  await idle.parser.parse(stored('a.txt', small));
  await vi.waitUntil(() => !alive(idle.reports[0]!.pid), 10_000);
  expect((await idle.parser.parse(stored('b.txt', small))).pages[0]!.text).toBe(small);

  const worn = parser({ maxFiles: 1 });
  await worn.parser.parse(stored('a.txt', small));
  await worn.parser.parse(stored('b.txt', small));
  expect(worn.reports[0]!.pid).not.toBe(worn.reports[1]!.pid);
});

test('two processes read side by side', async () => {
  const { parser: p, reports } = parser({ processes: 2 });
  await Promise.all([p.parse(stored('a.txt', large)), p.parse(stored('b.txt', large))]);
  expect(new Set(reports.map((report) => report.pid)).size).toBe(2);
});

test('a warm process is the one that reads', async () => {
  const { parser: p } = parser();
  p.warm();
  expect((await p.parse(stored('a.txt', small))).pages[0]!.text).toBe(small);
});

test('only files in the allowed folders can be read', async () => {
  const allowed = stored('a.txt', small);
  const other = stored('b.txt', small);
  const { parser: p } = parser({ folders: [join(allowed.path, '..')] });
  expect((await p.parse(allowed)).pages[0]!.text).toBe(small);
  await expect(p.parse(other)).rejects.toMatchObject({ code: 'FILE_MISSING' });
});

test('the process ends with its parent', async () => {
  const script = `
    const { createProcessParser } = await import(${JSON.stringify(new URL('./process.ts', import.meta.url).href)});
    const parser = createProcessParser({ onReport: ({ pid }) => console.log(pid) });
    await Array.fromAsync(parser.parse(${JSON.stringify(stored('a.txt', small))}));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(() => parent.kill('SIGKILL'));
  const [line] = await new Promise<[Buffer]>((resolve) =>
    parent.stdout.once('data', (data: Buffer) => resolve([data])),
  );
  const pid = Number(line.toString());
  expect(alive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await vi.waitUntil(() => !alive(pid), 10_000);
});

test('a closed parser reads nothing more', async () => {
  const { parser: p } = parser();
  const [reading] = await Promise.all([Promise.allSettled([p.parse(stored('a.txt', large))]), p.close()]);
  expect(reading).toMatchObject([{ status: 'rejected', reason: { code: 'SHUTTING_DOWN' } }]);
  await expect(p.parse(stored('b.txt', small))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});
