import { expect, test } from 'vitest';
import type { SharedWork } from '../ports/shared-work.ts';
import { unlessMade } from './unless-made.ts';

const never = new AbortController().signal;

/** Two processes share it: one works at a time. */
function oneLease(): SharedWork & { taken: number } {
  let last: Promise<unknown> = Promise.resolve();
  return {
    taken: 0,
    once(_key, look, work) {
      const mine = last.then(async () => {
        const left = await look();
        if (left === undefined) this.taken++;
        return left ?? work();
      });
      last = mine.catch(() => {});
      return mine;
    },
  };
}

function making(cache: { kept?: string }, log: string[]) {
  return {
    key: 'k',
    look: async () => cache.kept,
    asEvents: (kept: string) => [`kept ${kept}`],
    async *make() {
      log.push('made');
      yield 'first';
      await new Promise((resolve) => setImmediate(resolve));
      cache.kept = 'answer';
      yield 'last';
    },
  };
}

test('of two that ask at once one makes it, and the other gets what it left', async () => {
  const [work, cache, log] = [oneLease(), {}, [] as string[]];
  const ask = () => Array.fromAsync(unlessMade(work, making(cache, log), never));
  expect(await Promise.all([ask(), ask()])).toEqual([['first', 'last'], ['kept answer']]);
  expect(log).toEqual(['made']);
});

test('who leaves in the middle makes place for the next', async () => {
  const [work, cache, log] = [oneLease(), {}, [] as string[]];
  const leaving = unlessMade(work, making(cache, log), never);
  expect(await leaving.next()).toEqual({ value: 'first', done: false });
  const second = Array.fromAsync(unlessMade(work, making(cache, log), never));
  await leaving.return(undefined);
  expect(await second).toEqual(['first', 'last']);
  expect([log, work.taken]).toEqual([['made', 'made'], 2]);
});

test('what fails is told, and alone everybody works', async () => {
  const broken = { ...making({}, []), look: async () => Promise.reject(new Error('gone')) };
  await expect(Array.fromAsync(unlessMade(oneLease(), broken, never))).rejects.toThrow('gone');
  expect(await Array.fromAsync(unlessMade(undefined, making({ kept: 'x' }, []), never))).toEqual([
    'first',
    'last',
  ]);
});
