import { expect, test } from 'vitest';
import { createManualClock, settle } from '../../../test/support/manual-clock.ts';
import { AppError } from '../errors.ts';
import { createFairQueue } from './fair-queue.ts';

const never = new AbortController().signal;

function openQueue(maxActive: number, maxWaiting = 100) {
  const clock = createManualClock();
  let max = maxActive;
  const held: number[] = [];
  const queue = createFairQueue({
    maxActive: () => max,
    maxWaiting,
    firstHoldMs: 3000,
    refusal: 'Too many wait.',
    clock,
    onLeave: (ms) => held.push(ms),
  });
  const order: string[] = [];
  const places: (() => void)[] = [];
  const refused: unknown[] = [];
  const enter = (userId: string, label = userId, signal = never) =>
    queue.enter(userId, signal).then(
      (leave) => {
        order.push(label);
        places.push(leave);
      },
      (error: unknown) => void refused.push(error),
    );
  const allow = (n: number) => {
    max = n;
    queue.fill();
  };
  return { clock, queue, order, places, refused, enter, held, allow };
}

test('users take turns, however much one of them has asked for', async () => {
  const { queue, order, places, enter } = openQueue(1);
  for (const [userId, label] of [
    ['a', 'a1'],
    ['a', 'a2'],
    ['a', 'a3'],
    ['a', 'a4'],
    ['b', 'b1'],
    ['c', 'c1'],
    ['b', 'b2'],
  ] as const)
    enter(userId, label);
  await settle();
  expect(queue).toMatchObject({ active: 1, waiting: 6 });
  while (places.length > 0) {
    places.shift()?.();
    await settle();
  }
  expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  expect(queue).toMatchObject({ active: 0, waiting: 0 });
});

test('no more have a place than there are, and a place is given back once', async () => {
  const { queue, places, enter } = openQueue(2);
  for (let n = 0; n < 5; n++) enter('a');
  await settle();
  expect(queue).toMatchObject({ active: 2, waiting: 3 });
  places[0]?.();
  places[0]?.();
  await settle();
  expect(queue).toMatchObject({ active: 2, waiting: 2 });
});

test('a full queue refuses, and says when to come back', async () => {
  const { clock, refused, places, enter } = openQueue(1, 2);
  await enter('a');
  await clock.pass(10_000);
  places[0]?.();
  await enter('a');
  for (const user of ['b', 'c', 'd']) enter(user);
  await settle();
  expect(refused).toEqual([expect.any(AppError)]);
  // ten seconds for one place weigh a fifth: 3 s + 0.2 · 7 s = 4.4 s, three times
  expect(refused[0]).toMatchObject({ code: 'OVERLOADED', retryAfterSeconds: 14 });
});

test('who fills the queue makes room for others, but not for themselves', async () => {
  const { order, places, refused, queue, enter } = openQueue(1, 3);
  for (const label of ['a1', 'a2', 'a3', 'a4']) enter('a', label);
  enter('a', 'a5');
  await settle();
  expect(refused).toHaveLength(1);
  enter('b', 'b1');
  await settle();
  expect(refused).toHaveLength(2);
  expect(queue.waiting).toBe(3);
  while (places.length > 0) {
    places.shift()?.();
    await settle();
  }
  expect(order).toEqual(['a1', 'a2', 'b1', 'a3']);
});

test('who leaves while waiting leaves no gap behind', async () => {
  const { queue, order, places, refused, enter } = openQueue(1);
  enter('a', 'a1');
  const stop = new AbortController();
  enter('b', 'b1', stop.signal);
  enter('c', 'c1');
  await settle();
  stop.abort(new Error('gone'));
  await settle();
  expect(refused).toEqual([new Error('gone')]);
  expect(queue.waiting).toBe(1);
  places[0]?.();
  await settle();
  expect(order).toEqual(['a1', 'c1']);
  await expect(queue.enter('b', stop.signal)).rejects.toThrow('gone');
});

test('more places are given at once to those who wait; where there are fewer, those that are taken stay', async () => {
  const { queue, order, places, enter, allow } = openQueue(1);
  for (const label of ['a1', 'a2', 'a3', 'a4']) enter('a', label);
  await settle();
  allow(3);
  await settle();
  expect(order).toEqual(['a1', 'a2', 'a3']);
  allow(1);
  places[0]?.();
  places[1]?.();
  await settle();
  expect(queue).toMatchObject({ active: 1, waiting: 1 });
  places[2]?.();
  await settle();
  expect(order).toEqual(['a1', 'a2', 'a3', 'a4']);
});

test('who has waited too long is refused, and how long places were held is told', async () => {
  const { clock, queue, order, places, refused, held, enter } = openQueue(1);
  enter('a', 'a1');
  enter('a', 'a2');
  await clock.pass(1500);
  enter('b', 'b1');
  await clock.pass(600);
  queue.expire(2000);
  await settle();
  expect(refused).toEqual([expect.objectContaining({ code: 'OVERLOADED', message: 'Too many wait.' })]);
  expect(queue).toMatchObject({ waiting: 1, refused: 1 });
  places[0]?.();
  await settle();
  expect(order).toEqual(['a1', 'b1']);
  expect(held).toEqual([2100]);
});
