import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { column, makePdf } from '../../../../test/fixtures/parse/make-pdf.ts';
import { describeWith } from '../../../../test/support/needs.ts';
import { drawPage } from '../../ingest/parse/parse-file.ts';
import { linesOf } from '../../ingest/recognized-lines.ts';
import type { RecognizedPage } from '../../ports/recognizer.ts';
import { createTesseract, findTesseract } from './tesseract.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ocr-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const { signal } = new AbortController();

/** A program that lists one language and does `body` with a picture. */
function program(body: string): string {
  const path = join(folder, 'program');
  const languages = `printf 'List of available languages (2):\\neng\\nosd\\n'`;
  writeFileSync(
    path,
    `#!/bin/sh\ncase "$1" in\n--version) echo 'tesseract 5.3.0';;\n--list-langs) ${languages};;\n*) ${body};;\nesac\n`,
    { mode: 0o755 },
  );
  return path;
}

async function opened(body: string, options: { timeoutMs?: number; memoryLimitMb?: number } = {}) {
  const recognizer = createTesseract({ languages: ['eng'], command: program(body), ...options });
  expect(await recognizer.missing()).toBeUndefined();
  return recognizer;
}

test('what is missing is said: the program, or the data of every wanted language', async () => {
  const nowhere = createTesseract({ languages: ['eng'], command: join(folder, 'not here') });
  expect(await nowhere.missing()).toMatch(/tesseract.*is not installed/);
  expect(await createTesseract({ languages: ['deu'], command: program('true') }).missing()).toMatch(/deu/);
  expect(await findTesseract(['deu', 'eng'], program('true'))).toEqual({
    version: '5.3.0',
    languages: ['eng'],
    missing: ['deu'],
    orientation: true,
  });
});

test('a program that is installed later is found then', async () => {
  const recognizer = createTesseract({ languages: ['eng'], command: join(folder, 'program') });
  expect(await recognizer.missing()).toBeDefined();
  program('true');
  expect(await recognizer.missing()).toBeUndefined();
});

test('words come with their boxes and how sure the program is, by page and line', async () => {
  const rows = [
    'level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext',
    '1\t1\t0\t0\t0\t0\t0\t0\t600\t800\t-1\t',
    '4\t1\t1\t1\t1\t0\t50\t60\t200\t20\t-1\t',
    '5\t1\t1\t1\t1\t1\t50\t60\t90\t20\t96.5\tPump',
    '5\t1\t1\t1\t1\t2\t150\t60\t100\t20\t50\thouse',
    '4\t1\t2\t1\t1\t0\t0\t0\t600\t800\t-1\t',
    '5\t1\t2\t1\t1\t1\t0\t0\t600\t800\t95\t ',
    '1\t2\t0\t0\t0\t0\t0\t0\t300\t400\t-1\t',
  ];
  writeFileSync(join(folder, 'table'), `${rows.join('\n')}\n`);
  const recognizer = await opened(`cat > /dev/null; cat ${join(folder, 'table')}`);
  expect(await recognizer.recognize(Buffer.from('picture'), signal)).toEqual([
    {
      width: 600,
      height: 800,
      lines: [
        {
          words: [
            { text: 'Pump', confidence: 0.965, left: 50, right: 140, top: 60, bottom: 80 },
            { text: 'house', confidence: 0.5, left: 150, right: 250, top: 60, bottom: 80 },
          ],
        },
      ],
    },
    { width: 300, height: 400, lines: [] },
  ]);
});

test('a picture that the program refuses, or works on for too long, is its own fault', async () => {
  const refuses = await opened('exit 1');
  await expect(refuses.recognize(Buffer.alloc(1_000_000), signal)).rejects.toMatchObject({
    code: 'FILE_BROKEN',
  });
  const hangs = await opened('exec sleep 600', { timeoutMs: 50 });
  await expect(hangs.recognize(Buffer.from('x'), signal)).rejects.toMatchObject({ code: 'PARSE_TIMEOUT' });
});

test.runIf(process.platform === 'linux')('a program that takes too much memory is ended', async () => {
  const recognizer = await opened('exec sleep 600', { memoryLimitMb: 0.01 });
  await expect(recognizer.recognize(Buffer.from('x'), signal)).rejects.toMatchObject({
    code: 'PARSE_MEMORY',
  });
});

test('who stops waiting stops the program', async () => {
  const recognizer = await opened('exec sleep 600');
  const stop = new AbortController();
  const reading = recognizer.recognize(Buffer.from('x'), stop.signal);
  stop.abort(new Error('not wanted any more'));
  await expect(reading).rejects.toThrow('not wanted any more');
});

describeWith('ocr', 'with the real program', (command) => {
  const written = column(72, 720, [
    'The gasket of the pump is replaced every year.',
    'Its bolts are fastened with forty newton metres.',
  ]);

  async function recognized(rotate: number): Promise<RecognizedPage[]> {
    const path = join(folder, 'page.pdf');
    writeFileSync(path, turnedPdf(rotate));
    const image = await drawPage({ path, filename: 'page.pdf' }, 1);
    const recognizer = createTesseract({ languages: ['eng'], command });
    expect(await recognizer.missing()).toBeUndefined();
    return [...(await recognizer.recognize(image, signal))];
  }

  /** Enough lines for the program to tell which way they run. */
  const turnedPdf = (rotate: number): Buffer => {
    const more = column(
      72,
      680,
      Array<string>(12).fill('Every line of this page is read from left to right.'),
    );
    const body = makePdf([{ texts: [...written, ...more] }]).toString('latin1');
    return Buffer.from(body.replace('/Rotate 0', `/Rotate ${rotate}`), 'latin1');
  };

  test.each([0, 90])('a page that is turned by %i degrees is read', async (rotate) => {
    const [page] = await recognized(rotate);
    const { lines, width, height } = linesOf(page!);
    expect(lines.slice(0, 2).map(({ cells }) => cells.map(({ text }) => text).join(' '))).toEqual(
      written.map(({ text }) => text),
    );
    expect(width).toBeLessThan(height);
    expect(lines[1]!.top).toBeGreaterThan(lines[0]!.bottom);
    expect(lines[0]!.left).toBeLessThan(width / 4);
  });

  test('bytes that are no picture are refused', async () => {
    const recognizer = createTesseract({ languages: ['eng'], command });
    await recognizer.missing();
    await expect(
      recognizer.recognize(Buffer.from('\x89PNG and nothing else', 'latin1'), signal),
    ).rejects.toMatchObject({ code: 'FILE_BROKEN' });
  });
});
