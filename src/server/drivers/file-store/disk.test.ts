import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { fileStoreConformance } from './conformance.ts';
import { createDiskFileStore } from './disk.ts';

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});
const filesIn = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile());
function make() {
  const dir = mkdtempSync(join(tmpdir(), 'files-'));
  dirs.push(dir);
  return {
    dir,
    store: createDiskFileStore({ dir: join(dir, 'files') }),
    count: async () => filesIn(dir).length,
    async age() {
      for (const path of filesIn(dir)) utimesSync(path, 1, 1);
    },
  };
}

fileStoreConformance('disk', async () => make());

test('a sweep removes what a crash left half-written, and folders that it empties', async () => {
  const { dir, store, age, count } = make();
  const stored = await store.put(Readable.from([Buffer.from('x')]), 100);
  const { path } = await store.local(stored.key);
  await store.remove(stored.key);
  writeFileSync(`${path}.partial`, 'half');
  await age();
  expect(await store.sweep(async () => true)).toBe(1);
  expect(await count()).toBe(0);
  expect(readdirSync(dirname(dirname(path)))).toEqual([]);
  expect(dir).toBeTruthy();
});

test('stored files are readable by their owner alone', async () => {
  const { store } = make();
  const { path } = await store.local((await store.put(Readable.from([Buffer.from('x')]), 100)).key);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
