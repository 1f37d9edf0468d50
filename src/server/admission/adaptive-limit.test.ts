import { expect, test } from 'vitest';
import { type AdaptiveLimit, createAdaptiveLimit } from './adaptive-limit.ts';

const span = (limit: AdaptiveLimit, ms: number, { count = 20, loopDelayMs = 0, peak = limit.limit } = {}) => {
  for (let i = 0; i < count; i++) limit.took(ms);
  return limit.conclude({ loopDelayMs, peak });
};

test('quick work raises the limit by one a span, slow work lowers it by a fifth, down to a few', () => {
  const limit = createAdaptiveLimit();
  const first = limit.limit;
  expect(span(limit, 20)).toBe(false);
  span(limit, 20);
  expect(limit.limit).toBe(first + 2);
  expect(span(limit, 400)).toBe(true);
  expect(limit.limit).toBe(Math.floor((first + 2) * 0.8));
  for (let i = 0; i < 50; i++) span(limit, 400);
  expect(limit.limit).toBe(4);
  for (let i = 0; i < 1000; i++) span(limit, 20);
  expect(limit.limit).toBe(128);
});

test('a limit that nobody meets stays as it is', () => {
  const limit = createAdaptiveLimit();
  const first = limit.limit;
  span(limit, 20, { peak: first - 1 });
  span(limit, 400, { peak: 2 });
  span(limit, 20, { loopDelayMs: 500, peak: 2 });
  expect(limit.limit).toBe(first);
});

test('one slow piece of work in twenty is no sign, and few pieces are judged together with the next ones', () => {
  const limit = createAdaptiveLimit();
  const first = limit.limit;
  limit.took(5000);
  span(limit, 20, { count: 19 });
  expect(limit.limit).toBe(first + 1);
  expect(span(limit, 400, { count: 3 })).toBe(false);
  expect(span(limit, 20, { count: 7 })).toBe(true);
});

test('a late main thread lowers the limit however quick the work itself was', () => {
  const limit = createAdaptiveLimit();
  const first = limit.limit;
  expect(span(limit, 20, { loopDelayMs: 120 })).toBe(true);
  expect(limit.limit).toBeLessThan(first);
});

/** Work that shares one server: with `n` at a time each takes `n` times what it takes alone. */
test.each([5, 20, 60])(
  'where one piece takes %i ms alone, the limit settles where it takes the bound',
  (aloneMs) => {
    const limit = createAdaptiveLimit();
    const seen: number[] = [];
    for (let i = 0; i < 400; i++) {
      span(limit, limit.limit * aloneMs);
      if (i >= 200) seen.push(limit.limit);
    }
    const within = Math.max(4, 150 / aloneMs);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(Math.max(4, Math.floor(within * 0.75)));
    expect(Math.max(...seen)).toBeLessThanOrEqual(Math.ceil(within) + 1);
  },
);
