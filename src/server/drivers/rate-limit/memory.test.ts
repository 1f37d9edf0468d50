import { expect, test } from 'vitest';
import { rateLimitConformance } from './conformance.ts';
import { createMemoryRateLimit } from './memory.ts';

rateLimitConformance('memory', async (perMinute) => {
  let time = 0;
  return {
    limit: createMemoryRateLimit(perMinute, () => time),
    pass: (ms) => {
      time += ms;
    },
  };
});

test('keys beyond what is kept make the limit milder, never wrong for who has caught up', () => {
  let time = 0;
  const limit = createMemoryRateLimit(60, () => time);
  for (let n = 0; n < 50_000; n++) limit.take(`address ${n}`);
  for (let n = 0; n < 60; n++) expect(limit.take('a')).toBe(0);
  expect(limit.take('a')).toBeCloseTo(1);
  time += 60_000;
  for (let n = 0; n < 60; n++) expect(limit.take('a')).toBe(0);
});
