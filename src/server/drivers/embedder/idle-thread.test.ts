import { afterEach, expect, test } from 'vitest';
import { startThread } from '../../threads/rpc.ts';
import { createIdleThread, ThreadDied } from './idle-thread.ts';

type Handlers = { add(pair: [number, number]): number; hang(): Promise<never>; die(): void };

const rpc = new URL('../../threads/rpc.ts', import.meta.url);
const adder = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { serve } from '${rpc}';
    serve({
      add: ([a, b]) => a + b,
      hang: () => new Promise((resolve) => setInterval(resolve, 1e9)),
      die: () => process.exit(3),
    });`)}`,
);

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Counts starts; `ended(n)` resolves when the n-th thread has ended. */
function make(idleMs: number) {
  const ended: Promise<void>[] = [];
  const idle = createIdleThread<Handlers>((onDeath) => {
    const end = Promise.withResolvers<void>();
    ended.push(end.promise);
    const thread = startThread<Handlers>(adder, {
      name: 'adder',
      onDeath: () => {
        onDeath();
        end.resolve();
      },
    });
    return { ...thread, close: () => thread.close().then(() => end.resolve()) };
  }, idleMs);
  ends.push(() => idle.close());
  return { idle, ended };
}
const add = (idle: ReturnType<typeof make>['idle'], a: number, b: number) =>
  idle.use((thread) => thread.call('add', [a, b]));

test('one thread serves all calls, and none is started before the first', async () => {
  const { idle, ended } = make(Number.POSITIVE_INFINITY);
  expect(ended).toHaveLength(0);
  expect(await Promise.all([add(idle, 1, 2), add(idle, 3, 4)])).toEqual([3, 7]);
  expect(await add(idle, 5, 6)).toBe(11);
  expect(ended).toHaveLength(1);
});

test('an idle thread ends by itself, and the next call has a new one', async () => {
  const { idle, ended } = make(0);
  expect(await add(idle, 1, 2)).toBe(3);
  await ended[0];
  expect(await add(idle, 3, 4)).toBe(7);
  expect(ended).toHaveLength(2);
});

test('a thread that dies fails the calls under way, and the next call has a new one', async () => {
  const { idle, ended } = make(Number.POSITIVE_INFINITY);
  const hanging = expect(idle.use((thread) => thread.call('hang', undefined))).rejects.toBeInstanceOf(
    ThreadDied,
  );
  await expect(idle.use((thread) => thread.call('die', undefined))).rejects.toBeInstanceOf(ThreadDied);
  await hanging;
  expect(await add(idle, 1, 2)).toBe(3);
  expect(ended).toHaveLength(2);
});

test('after closing nothing is started', async () => {
  const { idle, ended } = make(0);
  await add(idle, 1, 2);
  await idle.close();
  await expect(add(idle, 1, 2)).rejects.toThrow('closed');
  expect(ended).toHaveLength(1);
});
