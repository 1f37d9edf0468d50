import { CircleAlert, CircleCheck, Clock, RotateCw } from 'lucide-react';
import type { Document } from '../../../contract/documents.ts';
import { formatPercent } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Popover } from '../../ui/popover.tsx';
import { Progress } from '../../ui/progress.tsx';

/** The words for where the document is. */
export function stageOf({ status, progress }: Pick<Document, 'status' | 'progress'>): string {
  if (progress === undefined) return text.library.statuses[status];
  const stage = text.upload.stages[progress.stage] ?? text.library.statuses[status];
  const named = status === 'ready' ? text.library.again(stage) : stage;
  return progress.percent === 0 ? named : text.library.stageAt(named, formatPercent(progress.percent / 100));
}

interface StatusProps {
  readonly document: Document;
  /** Absent when the person may not change the document. */
  readonly onRetry: ((document: Document) => void) | undefined;
  readonly className?: string | undefined;
}

/** Live stage and percent, ready, or failed with the reason behind a press. */
export function DocumentStatus({ document, onRetry, className }: StatusProps) {
  if (document.progress !== undefined)
    return (
      <div className={cx('flex flex-col justify-center gap-1.5', className)}>
        <span className="truncate text-xs text-muted">{stageOf(document)}</span>
        <Progress
          label={text.library.progressOf(document.title)}
          percent={document.progress.percent}
          className="w-full max-w-36"
        />
      </div>
    );
  switch (document.status) {
    case 'failed':
      return <Failure document={document} onRetry={onRetry} />;
    case 'ready':
      return (
        <span className={cx('flex items-center gap-1.5 text-xs text-muted', className)}>
          <CircleCheck aria-hidden className="size-3.5 text-good" />
          {text.library.statuses.ready}
        </span>
      );
    default:
      return (
        <span className={cx('flex items-center gap-1.5 text-xs text-muted', className)}>
          <Clock aria-hidden className="size-3.5" />
          {stageOf(document)}
        </span>
      );
  }
}

function Failure({ document, onRetry }: StatusProps) {
  const { title, error } = document;
  return (
    <Popover
      label={text.library.whyFailed(title)}
      trigger={
        <button
          type="button"
          aria-label={text.library.whyFailed(title)}
          className="inline-flex h-6 items-center gap-1 rounded-full bg-bad-soft px-2 text-xs font-medium text-bad hover:underline"
        >
          <CircleAlert aria-hidden className="size-3.5" />
          {text.library.failed}
        </button>
      }
    >
      <p className="text-sm font-medium">{error?.title ?? text.library.failedNoReason}</p>
      {error === undefined ? null : <p className="mt-1 text-sm break-words text-muted">{error.detail}</p>}
      {onRetry === undefined ? null : (
        <Button
          size="sm"
          className="mt-3"
          icon={<RotateCw className="size-3.5" />}
          onClick={() => onRetry(document)}
        >
          {text.library.retry}
        </Button>
      )}
    </Popover>
  );
}
