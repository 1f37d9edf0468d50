import { expect, test } from 'vitest';
import { createLastHour } from './last-hour.ts';

const MINUTE = 60_000;

test('each user has 60 minutes of their own requests, the oldest first', () => {
  let time = Date.parse('2026-03-01T12:00:30.000Z');
  const lastHour = createLastHour(() => time);
  lastHour.record('ann', { kind: 'question', ms: 100, cached: false });
  lastHour.record('ann', { kind: 'search', ms: 1, cached: true });
  time += MINUTE;
  for (let n = 0; n < 98; n++) lastHour.record('ann', { kind: 'search', ms: 10, cached: false });
  lastHour.record('bob', { kind: 'search', ms: 5000, cached: false });
  const report = lastHour.of('ann');
  expect(report).toMatchObject({ questions: 1, searches: 99, cacheHits: 1 });
  expect(report.minutes).toHaveLength(60);
  const [before, last] = report.minutes.slice(-2);
  expect(before).toMatchObject({ at: '2026-03-01T12:00:00.000Z', requests: 2, cacheHits: 1 });
  expect(last).toMatchObject({ at: '2026-03-01T12:01:00.000Z', requests: 98, cacheHits: 0 });
  for (const [told, exact] of [
    [before?.p50Ms, 1],
    [before?.p95Ms, 100],
    [last?.p95Ms, 10],
    [report.p50Ms, 10],
    [lastHour.of('bob').p50Ms, 5000],
  ] as const)
    expect(Math.abs((told as number) / exact - 1)).toBeLessThan(0.046);
  expect(report.minutes.slice(0, -2).every(({ requests, p50Ms }) => requests === 0 && p50Ms === 0)).toBe(
    true,
  );
});

test('what is older than an hour is not told, also when its place was not used again', () => {
  let time = 100 * MINUTE;
  const lastHour = createLastHour(() => time);
  lastHour.record('ann', { kind: 'question', ms: 5, cached: false });
  time += 59 * MINUTE;
  expect(lastHour.of('ann')).toMatchObject({ questions: 1 });
  time += MINUTE;
  expect(lastHour.of('ann')).toMatchObject({ questions: 0, p50Ms: 0 });
  lastHour.record('ann', { kind: 'question', ms: 5, cached: false });
  expect(lastHour.of('ann')).toMatchObject({ questions: 1 });
});

test('of many users those are kept that asked last', () => {
  const lastHour = createLastHour();
  const asked = { kind: 'search', ms: 1, cached: false } as const;
  for (let n = 0; n < 1001; n++) lastHour.record(`user ${n}`, asked);
  expect(lastHour.of('user 0').searches).toBe(0);
  expect([lastHour.of('user 1').searches, lastHour.of('user 1000').searches]).toEqual([1, 1]);
});
