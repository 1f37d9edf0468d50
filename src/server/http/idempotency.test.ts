import { afterEach, beforeEach, expect, test } from 'vitest';
import { newStore, type TestStore } from '../../../test/support/stores.ts';
import { startIdempotent } from '../records/idempotency.ts';
import { type HeldKeys, holdKeys } from './idempotency.ts';

let store: TestStore;
let held: HeldKeys;
beforeEach(async () => {
  store = await newStore('sqlite');
  held = holdKeys(
    store.db,
    (error) => {
      throw error;
    },
    1,
  );
});
afterEach(async () => {
  held.close();
  await store.close();
});

const notedAt = async (hash: string): Promise<string> => {
  const found = await store.db
    .selectFrom('idempotency_keys')
    .select('created_at')
    .where('hash', '=', hash)
    .executeTakeFirstOrThrow();
  return found.created_at;
};

test('the keys of requests that run are noted again and again, and no others', async () => {
  for (const hash of ['running', 'of another process']) await startIdempotent(store.db, hash, 'r');
  const before = { running: await notedAt('running'), other: await notedAt('of another process') };
  held.add('running');
  while ((await notedAt('running')) === before.running) await new Promise(setImmediate);
  expect(await notedAt('of another process')).toBe(before.other);
});
