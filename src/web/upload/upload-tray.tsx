import { Link } from '@tanstack/react-router';
import {
  Ban,
  ChevronDown,
  ChevronUp,
  CircleAlert,
  CircleCheck,
  Clock,
  Copy,
  FileText,
  Globe,
  RotateCw,
  X,
} from 'lucide-react';
import { memo, useEffect, useState, useSyncExternalStore } from 'react';
import { formatBytes } from '../text/format.ts';
import * as text from '../text/text.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { Progress } from '../ui/progress.tsx';
import { Spinner } from '../ui/spinner.tsx';
import { toastError } from '../ui/toast.tsx';
import { isOver, type Upload, uploadQueue } from './upload-queue.ts';

/** Rows that are drawn; of more, those that are done are only counted. */
const MOST_ROWS = 100;
/** Nothing is left to do: the corner is given back. */
const SHOWN_WHEN_DONE_MS = 6000;

/** The corner that shows every file on its way in, on whatever page one is. */
export function UploadTray() {
  const uploads = useSyncExternalStore(uploadQueue.subscribe, uploadQueue.get);
  const [open, setOpen] = useState(true);
  const allWell =
    uploads.length > 0 && uploads.every(({ state }) => state.kind === 'ready' || state.kind === 'cancelled');
  useEffect(() => {
    if (!allWell) return;
    const timer = setTimeout(uploadQueue.clear, SHOWN_WHEN_DONE_MS);
    return () => clearTimeout(timer);
  }, [allWell]);
  if (uploads.length === 0) return null;
  const active = uploads.filter((upload) => !isOver(upload)).length;
  const faults = uploads.filter(({ state }) => state.kind === 'failed' || state.kind === 'rejected').length;
  const heading =
    active > 0
      ? text.upload.headingActive(active, uploads.length)
      : faults > 0
        ? text.upload.headingFaults(faults)
        : text.upload.headingDone(uploads.filter(({ state }) => state.kind === 'ready').length);
  return (
    <section
      aria-label={text.upload.title}
      className="fixed right-3 bottom-3 left-3 z-40 flex max-h-[min(24rem,60dvh)] flex-col overflow-hidden rounded-lg border border-line bg-surface shadow-high sm:left-auto sm:w-96"
    >
      <header className="flex items-center gap-2 py-1.5 pr-1.5 pl-4">
        <StateIcon active={active > 0} faults={faults > 0} />
        <h2 className="min-w-0 flex-1 truncate text-sm font-semibold" aria-live="polite">
          {heading}
        </h2>
        <IconButton
          small
          label={open ? text.upload.hide : text.upload.show}
          aria-expanded={open}
          icon={open ? <ChevronDown className="size-4" /> : <ChevronUp className="size-4" />}
          onClick={() => setOpen(!open)}
        />
        {active === 0 ? (
          <IconButton
            small
            label={text.upload.clear}
            icon={<X className="size-4" />}
            onClick={uploadQueue.clear}
          />
        ) : null}
      </header>
      {active > 0 ? (
        <Progress label={text.upload.title} percent={overall(uploads)} className="h-1 rounded-none" />
      ) : null}
      {open ? <Rows uploads={uploads} /> : null}
      {open && active > 1 ? (
        <footer className="flex justify-end border-t border-line p-1.5">
          <Button size="sm" look="quiet" onClick={() => void uploadQueue.cancelAll().catch(toastError)}>
            {text.upload.cancelAll}
          </Button>
        </footer>
      ) : null}
    </section>
  );
}

/** Sending is the first half of the way, the server's work the second. */
function overall(uploads: readonly Upload[]): number {
  const sum = uploads.reduce((total, { state }) => {
    if (state.kind === 'waiting') return total;
    if (state.kind === 'sending') return total + (state.percent ?? 50) / 2;
    if (state.kind === 'processing') return total + 50 + state.percent / 2;
    return total + 100;
  }, 0);
  return sum / uploads.length;
}

function StateIcon({ active, faults }: { active: boolean; faults: boolean }) {
  if (active) return <Spinner className="text-accent-text" />;
  return faults ? (
    <CircleAlert aria-hidden className="size-4 text-bad" />
  ) : (
    <CircleCheck aria-hidden className="size-4 text-good" />
  );
}

function Rows({ uploads }: { uploads: readonly Upload[] }) {
  // what needs a look comes first; of very many, what is done comes last
  const weigh = uploads.length > MOST_ROWS ? weight : (upload: Upload) => Math.min(1, weight(upload));
  const sorted = [...uploads].sort((one, other) => weigh(one) - weigh(other));
  const rest = sorted.length - MOST_ROWS;
  return (
    <ul className="min-h-0 flex-1 overflow-y-auto border-t border-line">
      {sorted.slice(0, MOST_ROWS).map((upload) => (
        <Row key={upload.key} upload={upload} />
      ))}
      {rest > 0 ? <li className="px-4 py-2 text-sm text-muted">{text.upload.more(rest)}</li> : null}
    </ul>
  );
}

const ORDER: Record<Upload['state']['kind'], number> = {
  rejected: 0,
  failed: 0,
  sending: 1,
  processing: 1,
  waiting: 2,
  ready: 3,
  cancelled: 3,
};
const weight = ({ state }: Upload) => ORDER[state.kind];

const Row = memo(function Row({ upload }: { upload: Upload }) {
  const { key, name, sizeBytes, state } = upload;
  const faulty = state.kind === 'failed' || state.kind === 'rejected';
  return (
    <li className="flex items-start gap-3 px-4 py-2">
      <RowIcon upload={upload} />
      <div className="min-w-0 flex-1">
        <p className="truncate text-sm" title={name}>
          {'documentId' in state ? (
            <Link
              to="/library/$documentId"
              params={{ documentId: state.documentId }}
              aria-label={text.upload.open(name)}
              className="rounded-sm hover:underline"
            >
              {name}
            </Link>
          ) : (
            name
          )}
        </p>
        <p className={cx('text-xs', faulty ? 'text-bad' : 'text-muted')}>
          {statusText(upload)}
          {sizeBytes === undefined || faulty ? null : ` · ${formatBytes(sizeBytes)}`}
        </p>
        {faulty ? <p className="text-xs text-muted">{state.detail}</p> : null}
        {state.kind === 'sending' || state.kind === 'processing' ? (
          <Progress label={text.upload.progressOf(name)} percent={state.percent} className="mt-1.5 h-1" />
        ) : null}
      </div>
      {isOver(upload) ? null : (
        <IconButton
          small
          label={text.upload.cancel(name)}
          icon={<X className="size-3.5" />}
          onClick={() => void uploadQueue.cancel(key).catch(toastError)}
        />
      )}
      {state.kind === 'failed' || (state.kind === 'rejected' && state.again) ? (
        <IconButton
          small
          label={text.upload.retry(name)}
          icon={<RotateCw className="size-3.5" />}
          onClick={() => void uploadQueue.retry(key).catch(toastError)}
        />
      ) : null}
    </li>
  );
});

function RowIcon({ upload: { state, sizeBytes } }: { upload: Upload }) {
  const className = 'mt-0.5 size-4 shrink-0';
  switch (state.kind) {
    case 'waiting':
      return <Clock aria-hidden className={cx(className, 'text-muted')} />;
    case 'sending':
    case 'processing':
      return sizeBytes === undefined ? (
        <Globe aria-hidden className={cx(className, 'text-accent-text')} />
      ) : (
        <FileText aria-hidden className={cx(className, 'text-accent-text')} />
      );
    case 'ready':
      return state.duplicate ? (
        <Copy aria-hidden className={cx(className, 'text-muted')} />
      ) : (
        <CircleCheck aria-hidden className={cx(className, 'text-good')} />
      );
    case 'failed':
    case 'rejected':
      return <CircleAlert aria-hidden className={cx(className, 'text-bad')} />;
    case 'cancelled':
      return <Ban aria-hidden className={cx(className, 'text-muted')} />;
    default:
      return state satisfies never;
  }
}

function statusText({ state }: Upload): string {
  switch (state.kind) {
    case 'waiting':
      return text.upload.waiting;
    case 'sending':
      return state.percent === undefined
        ? text.upload.fetching
        : text.upload.sending(Math.round(state.percent));
    case 'processing':
      return text.upload.stageAt(text.upload.stages[state.stage] ?? state.stage, state.percent);
    case 'ready':
      return state.duplicate ? text.upload.duplicate : text.upload.ready;
    case 'failed':
    case 'rejected':
      return state.title;
    case 'cancelled':
      return text.upload.cancelled;
    default:
      return state satisfies never;
  }
}
