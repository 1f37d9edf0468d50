import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { eventStream, type ServerEvent } from './sse.ts';

const HOUR = 3_600_000;

test('events are written with their name, id and JSON on one line each', async () => {
  const stream = eventStream(async function* () {
    yield { event: 'token', data: { text: 'two\nlines' } };
    yield { event: 'done', data: 1, id: '7' };
  }, HOUR);
  expect(await text(stream)).toBe(
    ':\n\nevent: token\ndata: {"text":"two\\nlines"}\n\nevent: done\nid: 7\ndata: 1\n\n',
  );
});

test('a heartbeat comes while nothing happens', async () => {
  const end = Promise.withResolvers<void>();
  // biome-ignore lint/correctness/useYield: nothing happens until its end
  const stream = eventStream(async function* (): AsyncGenerator<ServerEvent> {
    await end.promise;
  }, 1);
  let seen = '';
  for await (const chunk of stream) {
    seen += chunk;
    if (seen.length >= 9) end.resolve();
  }
  expect(seen).toMatch(/^(:\n\n){3,}$/);
});

test('a reader who leaves aborts the signal and ends the generator', async () => {
  const ended = Promise.withResolvers<void>();
  const stream = eventStream(async function* (signal) {
    try {
      yield { event: 'first', data: 1 };
      await once(signal, 'abort');
      yield { event: 'late', data: 2 };
    } finally {
      ended.resolve();
    }
  }, HOUR);
  stream.once('data', () => stream.destroy());
  await ended.promise;
  expect(stream.destroyed).toBe(true);
});

test('a generator that throws breaks the stream off', async () => {
  // biome-ignore lint/correctness/useYield: it fails before it has anything to give
  const stream = eventStream(async function* (): AsyncGenerator<ServerEvent> {
    throw new Error('broken');
  }, HOUR);
  await expect(text(stream)).rejects.toThrow('broken');
});

test('a slow reader is waited for', async () => {
  let made = 0;
  const stream = eventStream(async function* () {
    for (; made < 1000; made++) yield { event: 'token', data: 'x'.repeat(10_000) };
  }, HOUR);
  await once(stream, 'readable');
  expect(made).toBeLessThan(20);
  expect((await text(stream)).match(/^event: token$/gm)).toHaveLength(1000);
});
