import { afterEach, expect, test } from 'vitest';
import { expectIndexAtRest } from '../../../test/support/index-at-rest.ts';
import {
  fakeEmbedder,
  type IngestHouse,
  openIngestHouse,
  plainParser,
} from '../../../test/support/ingest-house.ts';
import type { ParsedPage, Parser } from '../ports/parser.ts';
import type { RecognizedPage } from '../ports/recognizer.ts';
import { reindex } from '../records/intake.ts';
import { readTask } from '../records/tasks.ts';
import { inOnePart } from './in-one-part.ts';
import { needsOcr } from './parse/faults.ts';

const houses: IngestHouse[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

/** Plain pages, of which `SCAN …` is a picture with what follows written in it. */
function scanParser(): Parser & { draw(file: { path: string }, page: number): Promise<Uint8Array> } {
  const plain = plainParser();
  const written = new Map<string, ParsedPage>();
  return {
    ...plain,
    async *parse(file, signal) {
      const whole = await inOnePart(plain.parse(file, signal));
      const pages = whole.pages.map((page): ParsedPage => {
        if (!page.text.startsWith('SCAN ')) return page;
        written.set(`${file.path} ${page.number}`, page);
        return { number: page.number, text: '', blocks: [], picture: true };
      });
      const pictures = pages.filter(({ picture }) => picture).length;
      if (pictures === pages.length && file.pictures !== true) throw needsOcr();
      yield { ...whole, pages, pictures };
    },
    draw: async ({ path }, page) => Buffer.from(written.get(`${path} ${page}`)?.text.slice(5) ?? ''),
  };
}

async function open(missing?: string) {
  const images = scanParser();
  const reader = {
    missing: async () => reader.why,
    why: missing,
    read: 0,
    async recognize(image: Uint8Array): Promise<RecognizedPage[]> {
      reader.read++;
      const text = Buffer.from(image).toString();
      const word = { text, confidence: 0.9, left: 100, right: 900, top: 100, bottom: 140 };
      return [{ width: 2000, height: 3000, lines: text === '' ? [] : [{ words: [word] }] }];
    },
  };
  const embedder = fakeEmbedder();
  const house = await openIngestHouse({ parser: images, embedder, pictures: { recognizer: reader, images } });
  houses.push(house);
  const user = await house.addUser();
  const add = async (text: string) => {
    const { taskId, documents } = await house.add(user, await house.addCollection(user), {
      'scan.pdf': text,
    });
    const task = () => readTask(house.db, taskId as string, user);
    return { id: documents[0]?.row.id as string, task };
  };
  return { house, user, reader, embedder, add };
}

const pagesOf = async (house: IngestHouse, id: string): Promise<string[]> => {
  const { revision } = await house.document(id);
  const rows = await house.db
    .selectFrom('pages')
    .select('text')
    .where('document_id', '=', id)
    .where('revision', '=', revision)
    .orderBy('page')
    .execute();
  return rows.map(({ text }) => text);
};

test('a file of pictures alone is read in a job of its own, and then found', async () => {
  const { house, reader, add } = await open();
  const { id, task } = await add('SCAN Gaskets wear out.\fSCAN Valves do not.');
  await house.settle();
  expect(await house.document(id)).toMatchObject({ status: 'ready', page_count: 2, error_code: null });
  expect(await pagesOf(house, id)).toEqual(['Gaskets wear out.', 'Valves do not.']);
  expect(reader.read).toBe(2);
  expect(await task()).toMatchObject({ status: 'completed', progress: { done: 1, failed: 0 } });
  await expectIndexAtRest(house);
});

test('written pages are found at once, and the pictures between them follow without embedding twice', async () => {
  const { house, embedder, add } = await open();
  const { id, task } = await add('# Pumps\n\nGaskets wear out.\fSCAN Valves do not.\fBolts rust.');
  await house.settle();
  expect(await pagesOf(house, id)).toEqual(['# Pumps\n\nGaskets wear out.', 'Valves do not.', 'Bolts rust.']);
  expect(await house.document(id)).toMatchObject({ status: 'ready' });
  const embedded = (word: string) => embedder.texts.filter((text) => text.includes(word)).length;
  expect([embedded('Gaskets'), embedded('Valves'), embedded('Bolts')]).toEqual([1, 1, 1]);
  expect(await task()).toMatchObject({ status: 'completed' });
  await expectIndexAtRest(house);
});

test('a re-index keeps the text of the pictures until it has been read again', async () => {
  const { house, user, reader, add } = await open();
  const { id } = await add('Gaskets wear out.\fSCAN Valves do not.');
  await house.settle();
  await reindex(house.db, house.queue, user, [id]);
  const seen: string[][] = [];
  const recognize = reader.recognize;
  reader.recognize = async (image) => {
    seen.push(await pagesOf(house, id));
    return recognize(image);
  };
  await house.settle();
  expect(seen).toEqual([['Gaskets wear out.', 'Valves do not.']]);
  expect(await pagesOf(house, id)).toEqual(['Gaskets wear out.', 'Valves do not.']);
  await expectIndexAtRest(house);
});

test('where nothing can read pictures the file is refused with what is missing, and written pages are not held up', async () => {
  const { house, reader, add } = await open('the program that reads them is not installed');
  const scan = await add('SCAN Gaskets wear out.');
  const mixed = await add('Gaskets wear out.\fSCAN Valves do not.');
  await house.settle();
  expect(await house.document(scan.id)).toMatchObject({ status: 'failed', error_code: 'NEEDS_OCR' });
  expect((await house.document(scan.id)).error_detail).toMatch(
    /the program that reads them is not installed/,
  );
  expect(await house.document(mixed.id)).toMatchObject({ status: 'ready' });
  expect(reader.read).toBe(0);
});

test('pictures without any text fail a file of pictures, and leave a written one as it was', async () => {
  const { house, add } = await open();
  const photos = await add('SCAN \fSCAN ');
  const mixed = await add('Gaskets wear out.\fSCAN ');
  await house.settle();
  expect(await house.document(photos.id)).toMatchObject({ status: 'failed', error_code: 'FILE_EMPTY' });
  expect(await house.document(mixed.id)).toMatchObject({ status: 'ready', error_code: null });
  expect((await pagesOf(house, mixed.id))[0]).toBe('Gaskets wear out.');
  await expectIndexAtRest(house);
});
