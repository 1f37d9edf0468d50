import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DIALECTS, newStore, type TestStore } from '../../../test/support/stores.ts';
import { deletePages, insertPages, PART_UNITS, pageParts, readPage, readSlice } from './pages.ts';

describe.each(DIALECTS)('%s', (dialect) => {
  let connection: TestStore;
  beforeEach(async () => {
    connection = await newStore(dialect);
  });
  afterEach(() => connection.close());
  const store = (page: number, text: string) =>
    connection.db.transaction().execute((tx) =>
      insertPages(
        tx,
        [...pageParts(page, text)].map((part) => ({ document_id: 'd', revision: 1, ...part })),
      ),
    );
  const slice = (page: number, start: number, end: number) =>
    readSlice(connection.db, { documentId: 'd', revision: 1, page, start, end });

  test('a long page comes back whole and any slice of it exact, also across parts and beside surrogates', async () => {
    const text = `${'a'.repeat(PART_UNITS - 1)}😀${'ü'.repeat(PART_UNITS)}end`;
    await store(1, text);
    expect(
      [...pageParts(1, text)].every((part) => part.text.isWellFormed() && part.text.length <= PART_UNITS),
    ).toBe(true);
    expect(await readPage(connection.db, 'd', 1, 1)).toBe(text);
    for (const [start, end] of [
      [0, 1],
      [0, 0],
      [PART_UNITS - 5, PART_UNITS + 5],
      [PART_UNITS - 1, PART_UNITS + 1],
      [PART_UNITS, PART_UNITS + 2],
      [text.length - 3, text.length],
      [0, text.length],
    ] as const)
      expect(await slice(1, start, end)).toBe(text.slice(start, end));
  });

  test('a page without text is a page, and a page that is not there is none', async () => {
    await store(1, '');
    expect(await readPage(connection.db, 'd', 1, 1)).toBe('');
    expect(await slice(1, 0, 0)).toBe('');
    expect(await readPage(connection.db, 'd', 1, 2)).toBeUndefined();
    expect(await slice(2, 0, 1)).toBeUndefined();
  });

  test('pages are removed in steps', async () => {
    await store(1, 'x'.repeat(3 * PART_UNITS));
    await store(2, 'y');
    const step = () => connection.db.transaction().execute((tx) => deletePages(tx, 'd', 1, 2));
    expect(await step()).toBe(true);
    expect(await readPage(connection.db, 'd', 1, 1)).toHaveLength(PART_UNITS);
    expect(await step()).toBe(true);
    expect(await step()).toBe(false);
    expect(await readPage(connection.db, 'd', 1, 2)).toBeUndefined();
  });
});
