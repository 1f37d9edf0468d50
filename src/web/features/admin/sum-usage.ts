import type { UsageRow } from '../../../contract/system.ts';

export interface UsageSum {
  readonly requests: number;
  readonly cachedRequests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costUsd: number;
  readonly savedUsd: number;
}

export const sumUsage = (rows: readonly UsageSum[]): UsageSum => {
  const of = (pick: (row: UsageSum) => number) => rows.reduce((sum, row) => sum + pick(row), 0);
  return {
    requests: of((row) => row.requests),
    cachedRequests: of((row) => row.cachedRequests),
    promptTokens: of((row) => row.promptTokens),
    completionTokens: of((row) => row.completionTokens),
    costUsd: of((row) => row.costUsd),
    savedUsd: of((row) => row.savedUsd),
  };
};

/** Every day from `from` (YYYY-MM-DD, UTC as the server counts) on, those without anything too. */
export function byDay(
  rows: readonly UsageRow[],
  from: string,
  days: number,
): { day: string; sum: UsageSum }[] {
  const grouped = Map.groupBy(rows, ({ day }) => day);
  return Array.from({ length: days }, (_, i) => {
    const day = new Date(Date.parse(from) + i * 86_400_000).toISOString().slice(0, 10);
    return { day, sum: sumUsage(grouped.get(day) ?? []) };
  });
}

/** The most expensive first, then the busiest. */
export function byPersonAndModel(
  rows: readonly UsageRow[],
): (Pick<UsageRow, 'userId' | 'model' | 'kind'> & { key: string; sum: UsageSum })[] {
  return [...Map.groupBy(rows, ({ userId, model, kind }) => `${userId} ${kind} ${model}`)]
    .map(([key, group]) => {
      const { userId, model, kind } = group[0] as UsageRow;
      return { key, userId, model, kind, sum: sumUsage(group) };
    })
    .sort((a, b) => b.sum.costUsd - a.sum.costUsd || b.sum.requests - a.sum.requests);
}

/** RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV injection). */
export function usageCsv(rows: readonly UsageRow[], nameOf: (userId: string) => string): string {
  const lines = rows.map((row) => [
    row.day,
    nameOf(row.userId),
    row.model,
    row.kind,
    row.requests,
    row.cachedRequests,
    row.promptTokens,
    row.completionTokens,
    row.costUsd,
    row.savedUsd,
  ]);
  const head = [
    'day',
    'person',
    'model',
    'kind',
    'requests',
    'cached',
    'promptTokens',
    'completionTokens',
    'costUsd',
    'savedUsd',
  ];
  return [head, ...lines].map((line) => line.map(csvCell).join(',')).join('\r\n');
}

function csvCell(value: string | number): string {
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Models that were counted as free because nobody has named their price. */
export const unpricedModels = (rows: readonly UsageRow[]): string[] => [
  ...new Set(rows.flatMap(({ model, priceKnown }) => (priceKnown ? [] : [model]))),
];
