import { expect, test } from 'vitest';
import { createSingleFlight } from './single-flight.ts';

const never = new AbortController().signal;

test('callers of one key share the work, others do not', async () => {
  const flights = createSingleFlight<string>();
  const asked: string[] = [];
  const ask = (key: string) =>
    flights.run(
      key,
      async () => {
        asked.push(key);
        return key.toUpperCase();
      },
      never,
    );
  expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual(['A', 'A', 'B']);
  expect(asked).toEqual(['a', 'b']);
  await ask('a');
  expect(asked).toEqual(['a', 'b', 'a']);
});

test('one caller that leaves does not stop the work of the other; the last one does', async () => {
  const flights = createSingleFlight<string>();
  const gate = Promise.withResolvers<string>();
  let stopped = false;
  const work = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      stopped = true;
    });
    return gate.promise;
  };
  const first = new AbortController();
  const second = new AbortController();
  const a = flights.run('key', work, first.signal);
  const b = flights.run('key', work, second.signal);
  first.abort();
  await expect(a).rejects.toMatchObject({ name: 'AbortError' });
  expect(stopped).toBe(false);
  second.abort();
  await expect(b).rejects.toMatchObject({ name: 'AbortError' });
  expect(stopped).toBe(true);
});

test('work that failed is not remembered', async () => {
  const flights = createSingleFlight<number>();
  await expect(flights.run('key', () => Promise.reject(new Error('no')), never)).rejects.toThrow('no');
  expect(await flights.run('key', async () => 1, never)).toBe(1);
});

test('whoever has left before does not begin', async () => {
  const flights = createSingleFlight<number>();
  let begun = 0;
  await expect(flights.run('key', async () => ++begun, AbortSignal.abort())).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(begun).toBe(0);
});
