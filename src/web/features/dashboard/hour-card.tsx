import type { Dashboard } from '../../../contract/dashboard.ts';
import { formatDuration, formatNumber, formatPercent, formatTime } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Card } from '../../ui/page.tsx';
import { Plot } from '../../ui/plot.tsx';
import { Figure } from './figure.tsx';

export function HourCard({ hour }: { hour: Dashboard['lastHour'] }) {
  const labels = hour.minutes.map(({ at }) => formatTime(at));
  const requests = hour.questions + hour.searches;
  return (
    <Card title={text.dashboard.hour}>
      <dl className="mb-4 grid grid-cols-3 gap-3">
        <Figure name={text.dashboard.median} value={requests === 0 ? '–' : formatDuration(hour.p50Ms)} />
        <Figure name={text.dashboard.p95} value={requests === 0 ? '–' : formatDuration(hour.p95Ms)} />
        <Figure
          name={text.dashboard.cacheShare}
          value={requests === 0 ? '–' : formatPercent(hour.cacheHits / requests)}
        />
      </dl>
      {requests === 0 ? null : (
        <Plot
          kind="bar"
          height="low"
          title={text.dashboard.times}
          labels={labels}
          format={formatDuration}
          series={[
            { name: text.dashboard.p95, tone: 'faint', values: hour.minutes.map(({ p95Ms }) => p95Ms) },
            { name: text.dashboard.median, values: hour.minutes.map(({ p50Ms }) => p50Ms) },
          ]}
          className="mb-4"
        />
      )}
      <Plot
        kind="bar"
        height="low"
        title={text.dashboard.perMinute}
        labels={labels}
        format={formatNumber}
        series={[
          { name: text.dashboard.requests, values: hour.minutes.map((minute) => minute.requests) },
          {
            name: text.dashboard.cacheHits,
            tone: 'good',
            values: hour.minutes.map((minute) => minute.cacheHits),
          },
        ]}
      />
    </Card>
  );
}
