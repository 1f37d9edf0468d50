import { expect, test } from 'vitest';
import { createManualClock } from '../../../../test/support/manual-clock.ts';
import { type CircuitBreaker, createCircuitBreaker, type Pass } from './circuit-breaker.ts';

const admit = (breaker: CircuitBreaker): Pass => {
  const pass = breaker.admit();
  if (typeof pass === 'number') throw new Error('not let through');
  return pass;
};
const fail = (breaker: CircuitBreaker, times: number) => {
  for (let n = 0; n < times; n++) admit(breaker).failed();
};

test('five failures in a row open it, four and a success do not', () => {
  const breaker = createCircuitBreaker(createManualClock());
  fail(breaker, 4);
  admit(breaker).succeeded();
  fail(breaker, 4);
  expect(breaker.state).toBe('closed');
  fail(breaker, 1);
  expect(breaker.state).toBe('open');
  expect(breaker.admit()).toBe(5000);
});

test('after a while one finds out, and its first word lets the others in again', async () => {
  const clock = createManualClock();
  const breaker = createCircuitBreaker(clock);
  fail(breaker, 5);
  await clock.pass(5000);
  expect(breaker.state).toBe('half-open');
  const probe = admit(breaker);
  expect(breaker.admit()).toBeTypeOf('number');
  probe.spoke();
  expect(breaker.state).toBe('closed');
  admit(breaker).succeeded();
  probe.succeeded();
  expect(breaker.failuresInARow).toBe(0);
});

test('a probe that fails doubles the time, up to a minute', async () => {
  const clock = createManualClock();
  const breaker = createCircuitBreaker(clock);
  fail(breaker, 5);
  const waits: number[] = [];
  for (let n = 0; n < 5; n++) {
    const waitMs = breaker.admit() as number;
    waits.push(waitMs);
    await clock.pass(waitMs);
    admit(breaker).failed();
  }
  expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000]);
});

test('a probe that was given up tells nothing: the next one finds out', async () => {
  const clock = createManualClock();
  const breaker = createCircuitBreaker(clock);
  fail(breaker, 5);
  await clock.pass(5000);
  admit(breaker).dropped();
  expect(breaker.state).toBe('half-open');
  admit(breaker).succeeded();
  expect(breaker.state).toBe('closed');
});

test('a service that breaks off every reply is left alone too, though it speaks', () => {
  const breaker = createCircuitBreaker(createManualClock());
  for (let n = 0; n < 5; n++) {
    const pass = admit(breaker);
    pass.spoke();
    pass.failed();
  }
  expect(breaker.state).toBe('open');
});

test('it stays open for as long as the service asked to be left alone, within a minute', () => {
  const breaker = createCircuitBreaker(createManualClock());
  fail(breaker, 4);
  admit(breaker).failed(30_000);
  expect(breaker.admit()).toBe(30_000);
  const other = createCircuitBreaker(createManualClock());
  fail(other, 4);
  admit(other).failed(3_600_000);
  expect(other.admit()).toBe(60_000);
});
