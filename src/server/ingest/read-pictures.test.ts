import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectSound } from '../../../test/fixtures/parse/expect-sound.ts';
import { makePdf, type PdfPage } from '../../../test/fixtures/parse/make-pdf.ts';
import { outline } from '../../../test/fixtures/parse/parse-bytes.ts';
import { createProcessParser, type ProcessParser } from '../drivers/parser/process.ts';
import { AppError } from '../errors.ts';
import type { RecognizedPage } from '../ports/recognizer.ts';
import { readPictures } from './read-pictures.ts';

let folder: string;
let parser: ProcessParser;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pictures-'));
  parser = createProcessParser();
});
afterEach(async () => {
  await parser.close();
  rmSync(folder, { recursive: true });
});

const { signal } = new AbortController();
const written = (text: string): PdfPage => ({ texts: [{ x: 72, y: 700, text }] });
const scanned: PdfPage = { texts: [], picture: true };

const page = (...lines: string[]): RecognizedPage => ({
  width: 2000,
  height: 3000,
  lines: lines.map((text, i) => ({
    words: [{ text, confidence: 0.9, left: 100, right: 900, top: 100 + 60 * i, bottom: 140 + 60 * i }],
  })),
});

/** Says one page after the other, and keeps what it was shown. */
function recognizer(...says: (readonly RecognizedPage[] | AppError)[]) {
  const shown: Buffer[] = [];
  return {
    shown,
    missing: async () => undefined,
    async recognize(image: Uint8Array) {
      const answer = says[shown.push(Buffer.from(image)) - 1];
      if (answer instanceof AppError) throw answer;
      return answer ?? [];
    },
  };
}

function stored(filename: string, bytes: Buffer) {
  const path = join(folder, 'stored');
  writeFileSync(path, bytes);
  return { path, filename };
}

test('pages that are pictures are drawn and read, the others stay as they are', async () => {
  const pdf = makePdf([written('A written page about pumps'), scanned, written('The last page'), scanned]);
  const reader = recognizer([page('Read from the second')], [page('Read from the fourth')]);
  const steps: [number, number][] = [];
  const document = await readPictures(
    { parser, images: parser, recognizer: reader },
    stored('mixed.pdf', pdf),
    signal,
    async (done, all) => void steps.push([done, all]),
  );
  expectSound(document);
  expect(outline(document)).toEqual([
    ['paragraph: A written page about pumps'],
    ['paragraph: Read from the second'],
    ['paragraph: The last page'],
    ['paragraph: Read from the fourth'],
  ]);
  expect(document.mimeType).toBe('application/pdf');
  expect(steps).toEqual([
    [1, 2],
    [2, 2],
  ]);
  // letter format at 300 dots per inch, grey
  expect(reader.shown.map((image) => image.toString('latin1', 0, 17))).toEqual(
    Array(2).fill('P5\n2550 3300\n255\n'),
  );
  expect(reader.shown.map(({ length }) => length)).toEqual(Array(2).fill(17 + 2550 * 3300));
});

test('a page that has a stamp over its picture is read too, and keeps the stamp where nothing can be read', async () => {
  const stamped: PdfPage = { texts: [{ x: 500, y: 20, text: 'Archive 0017' }], picture: true };
  const long = 'A whole sentence that somebody wrote across a photograph of the pump';
  const titled: PdfPage = { texts: [{ x: 72, y: 700, text: long }], picture: true };
  const reader = recognizer([page('The gasket is old', 'Archive 0017')], []);
  const file = stored('stamped.pdf', makePdf([stamped, titled, stamped]));
  const document = await readPictures({ parser, images: parser, recognizer: reader }, file, signal);
  expect(outline(document)).toEqual([
    ['paragraph: The gasket is old Archive 0017'],
    [`paragraph: ${long}`],
    ['paragraph: Archive 0017'],
  ]);
  expect(reader.shown.length).toBe(2);
});

test('a picture file goes to the recognizer as it is, and may hold several pages', async () => {
  const tiff = Buffer.from(`II*\0${'\0\x01\xfe'.repeat(50)}`, 'latin1');
  const reader = recognizer([page('First sheet'), page('Second sheet')]);
  const document = await readPictures(
    { parser, images: parser, recognizer: reader },
    stored('scan.tiff', tiff),
    signal,
  );
  expectSound(document);
  expect(document).toMatchObject({ mimeType: 'image/tiff', pageCount: 2 });
  expect(outline(document)).toEqual([['paragraph: First sheet'], ['paragraph: Second sheet']]);
  expect(reader.shown).toEqual([tiff]);
});

test('a page that cannot be read stays empty, and the fault is told where nothing could be', async () => {
  const fault = new AppError('PARSE_TIMEOUT', 'Reading the text of one picture took too long.');
  const file = stored('scan.pdf', makePdf([scanned, scanned]));
  const ports = { parser, images: parser };
  const half = await readPictures(
    { ...ports, recognizer: recognizer(fault, [page('Legible')]) },
    file,
    signal,
  );
  expect(half.pages.map(({ text }) => text)).toEqual(['', 'Legible']);
  await expect(
    readPictures({ ...ports, recognizer: recognizer(fault, []) }, file, signal),
  ).rejects.toMatchObject({ code: 'PARSE_TIMEOUT' });
  await expect(
    readPictures({ ...ports, recognizer: recognizer([page()], []) }, file, signal),
  ).rejects.toMatchObject({ code: 'FILE_EMPTY', message: expect.stringContaining('no text could be read') });
});
