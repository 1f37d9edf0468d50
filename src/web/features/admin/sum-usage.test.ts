import { expect, it } from 'vitest';
import type { UsageRow } from '../../../contract/system.ts';
import { byDay, byPersonAndModel, unpricedModels, usageCsv } from './sum-usage.ts';

const row = (fields: Partial<UsageRow>): UsageRow => ({
  userId: 'u1',
  day: '2026-01-02',
  model: 'm',
  kind: 'answer',
  requests: 1,
  cachedRequests: 0,
  promptTokens: 10,
  completionTokens: 5,
  costUsd: 0.5,
  savedUsd: 0,
  priceKnown: true,
  ...fields,
});

it('shows every day, over the end of a month too', () => {
  const days = byDay([row({ day: '2026-03-01' }), row({ day: '2026-03-01', userId: 'u2' })], '2026-02-27', 4);
  expect(days.map(({ day, sum }) => [day, sum.requests])).toEqual([
    ['2026-02-27', 0],
    ['2026-02-28', 0],
    ['2026-03-01', 2],
    ['2026-03-02', 0],
  ]);
});

it('sums by person, model and kind, the most expensive first', () => {
  const rows = byPersonAndModel([
    row({}),
    row({ day: '2026-01-03' }),
    row({ userId: 'u2', costUsd: 9 }),
    row({ kind: 'embedding', costUsd: 0 }),
  ]);
  expect(rows.map(({ userId, kind, sum }) => [userId, kind, sum.requests, sum.costUsd])).toEqual([
    ['u2', 'answer', 1, 9],
    ['u1', 'answer', 2, 1],
    ['u1', 'embedding', 1, 0],
  ]);
});

it('writes names that look like formulas or hold quotes as text', () => {
  const csv = usageCsv([row({ model: 'a,"b"' })], () => '=HYPERLINK("http://x")');
  expect(csv.split('\r\n')[1]).toBe(`2026-01-02,"'=HYPERLINK(""http://x"")","a,""b""",answer,1,0,10,5,0.5,0`);
});

it('names each model without a price once', () => {
  const free = { priceKnown: false, model: 'own' };
  expect(unpricedModels([row({}), row(free), row({ ...free, day: '2026-01-03' })])).toEqual(['own']);
});
