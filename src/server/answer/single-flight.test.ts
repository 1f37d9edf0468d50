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

test('work that was left and ends late takes nothing from the one that began after it', async () => {
  const flights = createSingleFlight<string>();
  const works = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const;
  let begun = 0;
  const work = () => (works[begun++] as (typeof works)[0]).promise;
  const leaving = new AbortController();
  const left = flights.run('key', work, leaving.signal);
  leaving.abort();
  await expect(left).rejects.toMatchObject({ name: 'AbortError' });
  const second = flights.run('key', work, never);
  works[0].resolve('late');
  await works[0].promise;
  await new Promise((resolve) => setImmediate(resolve));
  const third = flights.run('key', work, never);
  works[1].resolve('new');
  expect(await Promise.all([second, third])).toEqual(['new', 'new']);
  expect(begun).toBe(2);
});
