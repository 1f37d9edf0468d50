import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { PerformanceReport } from '../../../contract/system.ts';
import { performanceQuery } from '../../data/admin.ts';
import { formatDuration, formatNumber, formatTime } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Card } from '../../ui/page.tsx';
import { Plot } from '../../ui/plot.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';

const { speed } = text.admin;
type Row = PerformanceReport['routes'][number];

export function PerformancePart() {
  const [name, setName] = useState<string>();
  const { data, error, refetch } = useQuery({
    ...performanceQuery(name),
    refetchInterval: 5000,
    placeholderData: keepPreviousData,
  });
  if (data === undefined)
    return error === null ? (
      <Loading>
        <Skeleton className="h-96" />
      </Loading>
    ) : (
      <ErrorState error={error} onRetry={() => void refetch()} />
    );
  const { points } = data.history;
  const labels = points.map(({ at }) => formatTime(at));
  const latency = name === undefined ? speed.latency : speed.latencyOf(name);
  return (
    <div className="flex flex-col gap-5">
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
        <Card title={latency}>
          <Plot
            title={latency}
            labels={labels}
            format={formatDuration}
            series={[
              { name: 'p50', tone: 'good', values: points.map(({ p50Ms }) => p50Ms) },
              { name: 'p95', tone: 'accent', values: points.map(({ p95Ms }) => p95Ms) },
              { name: 'p99', tone: 'warn', values: points.map(({ p99Ms }) => p99Ms) },
            ]}
          />
        </Card>
        <Card title={speed.traffic}>
          <Plot
            kind="bar"
            title={speed.traffic}
            labels={labels}
            format={formatNumber}
            series={[
              { name: speed.count, values: points.map(({ count }) => count) },
              { name: speed.errors, tone: 'bad', values: points.map(({ errors }) => errors) },
            ]}
          />
        </Card>
      </div>
      <p className="text-sm text-muted">{speed.window(Math.round(data.windowSeconds / 60))}</p>
      <Percentiles label={speed.stages} rows={data.stages} shown={name} onShow={setName} />
      <Percentiles label={speed.routes} rows={data.routes} shown={name} onShow={setName} />
    </div>
  );
}

interface PercentilesProps {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly shown: string | undefined;
  readonly onShow: (name: string | undefined) => void;
}

function Percentiles({ label, rows, shown, onShow }: PercentilesProps) {
  return (
    <section className="flex flex-col gap-3">
      <h2 className="text-sm font-semibold">{label}</h2>
      {rows.length === 0 ? (
        <p className="text-sm text-muted">{speed.none}</p>
      ) : (
        <Table
          label={label}
          rows={[...rows].sort((a, b) => b.count - a.count)}
          keyOf={({ name }) => name}
          columns={[
            {
              label: speed.name,
              cell: ({ name }) => (
                <button
                  type="button"
                  aria-pressed={name === shown}
                  aria-label={speed.show(name)}
                  className="rounded-sm text-left font-mono text-xs hover:underline aria-pressed:font-semibold aria-pressed:text-accent-text"
                  onClick={() => onShow(name === shown ? undefined : name)}
                >
                  {name}
                </button>
              ),
            },
            { label: speed.count, numeric: true, cell: ({ count }) => formatNumber(count) },
            {
              label: speed.errors,
              numeric: true,
              cell: ({ errors }) => (
                <span className={errors > 0 ? 'text-bad' : undefined}>{formatNumber(errors)}</span>
              ),
            },
            { label: 'p50', numeric: true, cell: ({ p50Ms }) => formatDuration(p50Ms) },
            { label: 'p95', numeric: true, cell: ({ p95Ms }) => formatDuration(p95Ms) },
            { label: 'p99', numeric: true, cell: ({ p99Ms }) => formatDuration(p99Ms) },
          ]}
        />
      )}
    </section>
  );
}
