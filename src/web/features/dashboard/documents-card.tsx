import { Link } from '@tanstack/react-router';
import type { Dashboard } from '../../../contract/dashboard.ts';
import { formatBytes, formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { buttonClass } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Card } from '../../ui/page.tsx';
import { Progress } from '../../ui/progress.tsx';

const STATUSES = [
  ['ready', 'bg-good'],
  ['embedding', 'bg-accent'],
  ['parsing', 'bg-accent-text'],
  ['queued', 'bg-line-strong'],
  ['failed', 'bg-bad'],
] as const;

export function DocumentsCard({ data }: { data: Dashboard }) {
  const { documents, storage } = data;
  const { usedBytes, quotaBytes } = storage;
  return (
    <Card
      title={text.dashboard.documents}
      actions={
        <Link to="/library" className={cx(buttonClass('quiet', 'sm'), '-mr-3')}>
          {text.dashboard.allDocuments}
        </Link>
      }
    >
      <p className="text-3xl font-semibold tabular-nums">{formatNumber(documents.total)}</p>
      <p className="mb-4 text-sm text-muted">
        {text.dashboard.collections(data.collections)} · {text.dashboard.chats(data.conversations)}
      </p>
      <div aria-hidden className="mb-3 flex h-2 gap-0.5 overflow-hidden rounded-full bg-sunken">
        {STATUSES.map(([status, colour]) =>
          documents[status] === 0 ? null : (
            <div key={status} className={colour} style={{ flexGrow: documents[status], minWidth: 4 }} />
          ),
        )}
      </div>
      <ul className="mb-6 flex flex-wrap gap-x-5 gap-y-1 text-sm">
        {STATUSES.map(([status, colour]) =>
          documents[status] === 0 && status !== 'ready' ? null : (
            <li key={status}>
              <Link
                to="/library"
                search={{ status }}
                className="flex items-center gap-2 rounded-sm hover:underline"
              >
                <span aria-hidden className={cx('size-2 rounded-full', colour)} />
                {text.dashboard.statuses[status]}
                <b className="font-semibold tabular-nums">{formatNumber(documents[status])}</b>
              </Link>
            </li>
          ),
        )}
      </ul>
      <div className="flex flex-col gap-1.5 text-sm">
        <h3 className="font-medium">{text.dashboard.storage}</h3>
        {quotaBytes === null ? null : (
          <Progress
            label={text.dashboard.storage}
            percent={quotaBytes === 0 ? 100 : (100 * usedBytes) / quotaBytes}
            tone={usedBytes > 0.9 * quotaBytes ? 'bad' : 'accent'}
          />
        )}
        <p className="text-muted">
          {quotaBytes === null
            ? text.dashboard.used(formatBytes(usedBytes))
            : text.dashboard.usedOf(formatBytes(usedBytes), formatBytes(quotaBytes))}
        </p>
      </div>
    </Card>
  );
}
