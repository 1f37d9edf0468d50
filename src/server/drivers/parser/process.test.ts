import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { makePdf } from '../../../../test/fixtures/parse/make-pdf.ts';
import { inOnePart } from '../../ingest/in-one-part.ts';
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
