import { expect, test } from 'vitest';
import { createSharedStreams } from './shared-stream.ts';

const never = new AbortController().signal;
const tick = () => new Promise((resolve) => setImmediate(resolve));

test('whoever joins later gets what was so far at once, and the rest with the others', async () => {
  const streams = createSharedStreams<number>();
  const gate = Promise.withResolvers<void>();
  let works = 0;
  const work = async function* () {
    works++;
    yield 1;
    yield 2;
    await gate.promise;
    yield 3;
  };
  const first = streams.join('key', work, never);
  expect([(await first.next()).value, (await first.next()).value]).toEqual([1, 2]);
  const second = streams.join('key', work, never);
  expect([(await second.next()).value, (await second.next()).value]).toEqual([1, 2]);
  gate.resolve();
  expect([(await first.next()).value, (await second.next()).value]).toEqual([3, 3]);
  expect([(await first.next()).done, (await second.next()).done]).toEqual([true, true]);
  expect(works).toBe(1);
  const again = streams.join('key', work, never);
  expect((await again.next()).value).toBe(1);
  await again.return(undefined);
  expect(works).toBe(2);
});

test('the work goes on while one listens, and is aborted when the last one has gone', async () => {
  const streams = createSharedStreams<number>();
  let aborted = false;
  const work = async function* (signal: AbortSignal) {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    yield 1;
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const leaving = new AbortController();
  const first = streams.join('key', work, leaving.signal);
  const second = streams.join('key', work, never);
  await first.next();
  await second.next();
  const waiting = first.next();
  leaving.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  await tick();
  expect(aborted).toBe(false);
  await second.return(undefined);
  expect(aborted).toBe(true);
});

test('a failure reaches everybody, after what came before it', async () => {
  const streams = createSharedStreams<number>();
  const work = async function* () {
    yield 1;
    throw new Error('broken');
  };
  for (const stream of [streams.join('key', work, never), streams.join('key', work, never)]) {
    expect((await stream.next()).value).toBe(1);
    await expect(stream.next()).rejects.toThrow('broken');
  }
});
