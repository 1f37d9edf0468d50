import { useQuery } from '@tanstack/react-query';
import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import type { DetailedHealth } from '../../../contract/system.ts';
import { healthQuery } from '../../data/admin.ts';
import { formatBytes, formatDuration, formatPercent } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Card } from '../../ui/page.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';

const { state: words } = text.admin;
const LOOKS: Record<DetailedHealth['status'], { tone: Tone; Icon: typeof CircleCheck }> = {
  healthy: { tone: 'good', Icon: CircleCheck },
  degraded: { tone: 'warn', Icon: TriangleAlert },
  unhealthy: { tone: 'bad', Icon: CircleAlert },
};

export function HealthPart() {
  const { data, error, refetch } = useQuery({ ...healthQuery(), refetchInterval: 10_000 });
  if (data === undefined)
    return error === null ? (
      <Loading>
        <Skeleton className="h-64" />
      </Loading>
    ) : (
      <ErrorState error={error} onRetry={() => void refetch()} />
    );
  const { tone, Icon } = LOOKS[data.status];
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-wrap items-center gap-3" aria-live="polite">
        <Badge tone={tone} icon={<Icon aria-hidden className="size-4" />} className="px-3 py-1 text-sm">
          {words.overall[data.status]}
        </Badge>
        <span className="text-sm text-muted">
          {words.checkedIn(formatDuration(data.totalResponseTimeMs))}
        </span>
      </div>
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
        <Card title={words.dependencies}>
          <ul className="divide-y divide-line">
            {Object.entries(data.checks).map(([name, check]) => (
              <Dependency key={name} name={words.checks[name as keyof typeof words.checks]} check={check} />
            ))}
          </ul>
        </Card>
        <Card title={words.system}>
          <System metrics={data.metrics} />
        </Card>
      </div>
    </div>
  );
}

function Dependency({ name, check }: { name: string; check: DetailedHealth['checks']['database'] }) {
  const { tone, Icon } = LOOKS[check.status];
  return (
    <li className="flex items-start gap-3 py-2.5">
      <div className="min-w-0 flex-1">
        <p className="font-medium">{name}</p>
        {check.detail === undefined ? null : <p className="text-sm text-muted">{check.detail}</p>}
      </div>
      <span className="text-sm text-muted tabular-nums">{formatDuration(check.responseTimeMs)}</span>
      <Badge tone={tone} icon={<Icon aria-hidden className="size-3.5" />}>
        {words[check.status]}
      </Badge>
    </li>
  );
}

function System({ metrics }: { metrics: DetailedHealth['metrics'] }) {
  const facts = [
    [words.cpu, formatPercent(metrics.cpuPercent / 100)],
    [words.memory, formatPercent(metrics.memoryPercent / 100)],
    [words.rss, formatBytes(metrics.rssBytes)],
    [words.heap, formatBytes(metrics.heapBytes)],
    [words.lag, formatDuration(metrics.eventLoopLagMs)],
    [words.disk, formatPercent(metrics.diskPercent / 100)],
    [words.received, formatBytes(metrics.networkIo.receivedBytes)],
    [words.sent, formatBytes(metrics.networkIo.sentBytes)],
  ] as const;
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-4">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt className="text-sm text-muted">{name}</dt>
          <dd className="text-lg font-semibold tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
