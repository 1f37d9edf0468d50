import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DIALECTS, newStore, type TestStore } from '../../../test/support/stores.ts';
import {
  finishIdempotent,
  holdIdempotent,
  pruneIdempotent,
  releaseIdempotent,
  startIdempotent,
} from './idempotency.ts';

const HOUR_MS = 3600_000;

describe.each(DIALECTS)('%s', (dialect) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await newStore(dialect);
  });
  afterEach(async () => {
    vi.useRealTimers();
    await store.close();
  });

  const start = (request = 'r') => startIdempotent(store.db, 'key', request);
  /** From then on the clock stands `ms` later. */
  const pass = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });

  test('a key is taken once, answered with what came of it, and refused for another request', async () => {
    expect(await start()).toEqual({ kind: 'new' });
    expect(await start()).toEqual({ kind: 'running' });
    expect(await start('other')).toEqual({ kind: 'other-request' });
    await finishIdempotent(store.db, 'key', 201, '{}');
    expect(await start()).toEqual({ kind: 'answered', status: 201, body: '{}' });
    expect(await start('other')).toEqual({ kind: 'other-request' });
  });

  test('a request that failed gives its key back', async () => {
    await start();
    await releaseIdempotent(store.db, 'key');
    expect(await start('other')).toEqual({ kind: 'new' });
  });

  test('a request that died with its process frees its key after a quarter of a minute, an answer after a day', async () => {
    await start();
    pass(12_000);
    expect(await start()).toEqual({ kind: 'running' });
    pass(5_000);
    expect(await start('other')).toEqual({ kind: 'new' });
    await finishIdempotent(store.db, 'key', 204, '');
    pass(23 * HOUR_MS);
    expect(await start('other')).toMatchObject({ kind: 'answered' });
    pass(2 * HOUR_MS);
    expect(await start()).toEqual({ kind: 'new' });
  });

  test('a request that runs for long keeps its key, and one that has answered is left as it is', async () => {
    await start();
    await startIdempotent(store.db, 'answered', 'r');
    await finishIdempotent(store.db, 'answered', 201, '{}');
    pass(12_000);
    await holdIdempotent(store.db, ['key', 'answered', 'unknown']);
    pass(12_000);
    expect(await start()).toEqual({ kind: 'running' });
    pass(24 * HOUR_MS - 12_000);
    expect(await startIdempotent(store.db, 'answered', 'r')).toEqual({ kind: 'new' });
  });

  test('what is pruned is older than a day', async () => {
    await start();
    await pruneIdempotent(store.db);
    expect(await start()).toEqual({ kind: 'running' });
    pass(25 * HOUR_MS);
    await pruneIdempotent(store.db);
    expect(await store.db.selectFrom('idempotency_keys').selectAll().execute()).toEqual([]);
  });

  test('however requests under one key come and fail, one at a time is worked on', async () => {
    let working = 0;
    let most = 0;
    const statement = () => store.db.selectFrom('users').select('id').execute();
    const client = async (_: unknown, number: number) => {
      for (let i = 0; i < 50; i++) {
        for (let turn = 0; turn < (i * number) % 5; turn++) await statement();
        const { kind } = await start();
        if (kind !== 'new') continue;
        most = Math.max(most, ++working);
        for (let turn = 0; turn < (i + number) % 4; turn++) await statement();
        working--;
        await releaseIdempotent(store.db, 'key');
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    expect(most).toBe(1);
  });
});
