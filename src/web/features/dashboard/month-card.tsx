import type { Dashboard } from '../../../contract/dashboard.ts';
import { formatCompact, formatDate, formatNumber, formatUsd } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Card } from '../../ui/page.tsx';
import { Plot } from '../../ui/plot.tsx';
import { Figure } from './figure.tsx';

export function MonthCard({ month }: { month: Dashboard['month'] }) {
  const labels = month.days.map(({ day }) => formatDate(day));
  const cost = formatUsd(month.costUsd);
  return (
    <Card title={text.dashboard.month}>
      <dl className="mb-4 grid grid-cols-3 gap-3">
        <Figure name={text.dashboard.monthRequests} value={formatNumber(month.requests)} />
        <Figure
          name={text.dashboard.tokens}
          value={formatCompact(month.promptTokens + month.completionTokens)}
        />
        <Figure
          name={text.dashboard.cost}
          value={month.budgetUsd === null ? cost : text.dashboard.costOf(cost, formatUsd(month.budgetUsd))}
        />
      </dl>
      {month.costUsd === 0 ? null : (
        <Plot
          kind="bar"
          height="low"
          title={text.dashboard.dailyCost}
          labels={labels}
          format={formatUsd}
          series={[
            { name: text.dashboard.cost, tone: 'good', values: month.days.map(({ costUsd }) => costUsd) },
          ]}
          className="mb-4"
        />
      )}
      <Plot
        kind="bar"
        height={month.costUsd === 0 ? 'tall' : 'low'}
        title={text.dashboard.daily}
        labels={labels}
        format={formatNumber}
        series={[{ name: text.dashboard.requests, values: month.days.map(({ requests }) => requests) }]}
      />
      <p className="mt-1 text-sm text-muted">
        {month.costUsd === 0 && month.savedUsd === 0
          ? text.dashboard.free
          : text.dashboard.saved(formatUsd(month.savedUsd))}
      </p>
    </Card>
  );
}
