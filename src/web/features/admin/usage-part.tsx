import { useInfiniteQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { UsageRow } from '../../../contract/system.ts';
import { usageQuery } from '../../data/admin.ts';
import { formatCompact, formatDate, formatNumber, formatPercent, formatUsd } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { Plot } from '../../ui/plot.tsx';
import { Table } from '../../ui/table.tsx';
import { Listing } from './listing.tsx';
import { nameOf, usePeople } from './people.ts';
import { byDay, byPersonAndModel, sumUsage, unpricedModels, usageCsv } from './sum-usage.ts';

const { costs } = text.admin;
const RANGES = [7, 30, 90];

export function UsagePart() {
  const [days, setDays] = useState(30);
  const from = dayBefore(days - 1);
  const query = useInfiniteQuery(usageQuery({ from }));
  const { hasNextPage, isFetching, fetchNextPage } = query;
  // sums need all rows: a row is a day of one person and model
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return (
    <div className="flex flex-col gap-5">
      <div className="w-48">
        <Field label={costs.range}>
          {(tie) => (
            <Select {...tie} value={days} onChange={(event) => setDays(Number(event.target.value))}>
              {RANGES.map((range) => (
                <option key={range} value={range}>
                  {costs.ranges[range]}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      <Listing query={query} none={costs.none}>
        {(rows) => <Usage rows={rows} from={from} days={days} />}
      </Listing>
    </div>
  );
}

const dayBefore = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

function Usage({ rows, from, days }: { rows: readonly UsageRow[]; from: string; days: number }) {
  const people = usePeople();
  const who = (id: string) => {
    const user = people.get(id);
    return user === undefined ? costs.gone : nameOf(user);
  };
  const all = sumUsage(rows);
  const unpriced = unpricedModels(rows);
  const daily = byDay(rows, from, days);
  const labels = daily.map(({ day }) => formatDate(day));
  return (
    <>
      <dl className="grid grid-cols-2 gap-4 lg:grid-cols-5">
        <Figure name={costs.answers} value={formatNumber(all.requests)} />
        <Figure
          name={costs.cached}
          value={formatPercent(all.requests === 0 ? 0 : all.cachedRequests / all.requests)}
        />
        <Figure name={costs.tokens} value={formatCompact(all.promptTokens + all.completionTokens)} />
        <Figure name={costs.cost} value={formatUsd(all.costUsd)} />
        <Figure name={costs.savedByCache} value={formatUsd(all.savedUsd)} />
      </dl>
      {unpriced.length === 0 ? null : (
        <p role="note" className="text-sm text-muted">
          {costs.unpriced(unpriced.join(', '))}
        </p>
      )}
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
        <Card title={costs.byDay}>
          <Plot
            kind="bar"
            title={costs.byDay}
            labels={labels}
            format={formatNumber}
            series={[{ name: costs.requests, values: daily.map(({ sum }) => sum.requests) }]}
          />
        </Card>
        <Card title={costs.costByDay}>
          <Plot
            kind="bar"
            title={costs.costByDay}
            labels={labels}
            format={formatUsd}
            series={[{ name: costs.cost, values: daily.map(({ sum }) => sum.costUsd) }]}
          />
        </Card>
      </div>
      <div className="flex items-center justify-between gap-3">
        <h2 className="text-sm font-semibold">{costs.byPerson}</h2>
        <Button
          size="sm"
          icon={<Download className="size-4" />}
          onClick={() => download(usageCsv(rows, who), `usage-${from}.csv`)}
        >
          {costs.download}
        </Button>
      </div>
      <Table
        label={costs.byPerson}
        rows={byPersonAndModel(rows)}
        keyOf={({ key }) => key}
        columns={[
          { label: text.admin.people.person, cell: ({ userId }) => who(userId) },
          { label: costs.model, cell: ({ model, kind }) => `${model} · ${costs.kinds[kind]}` },
          { label: costs.requests, numeric: true, cell: ({ sum }) => formatNumber(sum.requests) },
          { label: costs.cached, numeric: true, cell: ({ sum }) => formatNumber(sum.cachedRequests) },
          { label: costs.promptTokens, numeric: true, cell: ({ sum }) => formatNumber(sum.promptTokens) },
          {
            label: costs.completionTokens,
            numeric: true,
            cell: ({ sum }) => formatNumber(sum.completionTokens),
          },
          { label: costs.cost, numeric: true, cell: ({ sum }) => formatUsd(sum.costUsd) },
        ]}
      />
    </>
  );
}

const Figure = ({ name, value }: { name: string; value: string }) => (
  <div className="rounded-lg border border-line bg-surface p-4 shadow-card">
    <dt className="text-sm text-muted">{name}</dt>
    <dd className="text-2xl font-semibold tabular-nums">{value}</dd>
  </div>
);

function download(content: string, filename: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = filename;
  link.click();
  URL.revokeObjectURL(url);
}
