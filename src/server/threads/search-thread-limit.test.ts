import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSqliteVectorWriter } from '../drivers/vector-index/sqlite-writer.ts';
import { chunkKey } from '../ports/search-scope.ts';
import { openSqlite, prepareSqlite } from '../records/sqlite.ts';
import { startSearchThread } from './start-search-thread.ts';

const DIMENSIONS = 384;
/** Every collection takes a slab of 1,024 rows: together they are worth a fresh thread. */
const COLLECTIONS = 24;

test('a smaller share of memory brings a fresh thread, which finds the same with what it loads', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'search-limit-'));
  const databasePath = join(folder, 'ka.sqlite');
  prepareSqlite(databasePath);
  const connection = openSqlite(databasePath);
  const vector = new Float32Array(DIMENSIONS).fill(1 / Math.sqrt(DIMENSIONS));
  await connection.db.transaction().execute((tx) =>
    createSqliteVectorWriter(connection.raw).put(
      tx,
      Array.from({ length: COLLECTIONS }, (_, no) => ({ key: chunkKey(no + 1, 0), vector })),
    ),
  );
  const search = startSearchThread({
    records: { kind: 'sqlite', path: databasePath },
    dimensions: DIMENSIONS,
    memoryLimitBytes: 2 ** 24,
  });
  onTestFinished(async () => {
    await search.close();
    await connection.close();
    rmSync(folder, { recursive: true });
  });
  const find = (no: number) => search.vectors.search(vector, 5, { collections: [{ no, generation: 1 }] });
  const found = [];
  for (let no = 1; no <= COLLECTIONS; no++) found.push(await find(no));
  const { loadedBytes, loadedCollections } = await search.vectors.stats();
  expect(loadedCollections).toBe(COLLECTIONS);

  const during = find(1);
  await search.limitTo(0.1);
  expect(await during).toEqual(found[0]);
  expect(await search.vectors.stats()).toMatchObject({ loadedBytes: 0, loadedCollections: 0 });
  for (let no = 1; no <= COLLECTIONS; no++) expect(await find(no)).toEqual(found[no - 1]);
  const small = await search.vectors.stats();
  expect(small.loadedBytes).toBeLessThanOrEqual(2 ** 24 / 10);

  // there is little to win now, and a share that grows wins nothing: the thread stays
  await search.limitTo(0.05);
  await search.limitTo(1);
  expect((await search.vectors.stats()).loadedCollections).toBeGreaterThan(0);
  for (let no = 1; no <= COLLECTIONS; no++) await find(no);
  expect((await search.vectors.stats()).loadedBytes).toBe(loadedBytes);
});
