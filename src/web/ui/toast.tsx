import { CircleAlert, CircleCheck, Info, X } from 'lucide-react';
import { useEffect, useSyncExternalStore } from 'react';
import { isAbort, messageOf, ProblemError } from '../client/problem.ts';
import { createStore } from '../client/store.ts';
import * as text from '../text/text.ts';
import { Button, IconButton } from './button.tsx';

export interface Toast {
  readonly title: string;
  readonly detail?: string;
  readonly tone?: 'info' | 'good' | 'bad';
  readonly action?: { readonly label: string; readonly run: () => void };
  /** Of no use after this long; faults stay longer. */
  readonly durationMs?: number;
}
interface Shown extends Toast {
  readonly key: number;
}

const MOST_AT_ONCE = 4;
const shown = createStore<readonly Shown[]>([]);
let lastKey = 0;

/** Says something that happened beside what the person is doing. Returns how to take it back. */
export function toast(message: Toast): () => void {
  const key = ++lastKey;
  // the same once more replaces the one that is there, unless that one can still be taken back
  const others = shown
    .get()
    .filter(
      ({ title, detail, action }) =>
        title !== message.title || detail !== message.detail || action !== undefined,
    );
  shown.set([...others, { ...message, key }].slice(-MOST_AT_ONCE));
  return () => dismiss(key);
}

const dismiss = (key: number) => shown.set(shown.get().filter((each) => each.key !== key));

/** What went wrong in the background. Something given up on purpose is no fault. */
export function toastError(error: unknown, title: string = text.ui.somethingWentWrong): void {
  if (isAbort(error)) return;
  const detail =
    error instanceof ProblemError ? error.problem.detail || error.problem.title : messageOf(error);
  toast({ title, detail, tone: 'bad' });
}

const ICONS = {
  info: <Info aria-hidden className="mt-0.5 size-4 shrink-0 text-muted" />,
  good: <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />,
  bad: <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />,
};

export function Toasts() {
  const toasts = useSyncExternalStore(shown.subscribe, shown.get);
  return (
    <section
      aria-label={text.ui.notifications}
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 bottom-3 z-60 flex flex-col items-center gap-2 sm:left-auto sm:items-end"
    >
      {toasts.map(({ key, ...each }) => (
        <ToastView key={key} toastKey={key} {...each} />
      ))}
    </section>
  );
}

function ToastView({
  toastKey,
  title,
  detail,
  tone = 'info',
  action,
  durationMs = tone === 'bad' ? 10_000 : 5000,
}: Toast & { toastKey: number }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(toastKey), durationMs);
    return () => clearTimeout(timer);
  }, [toastKey, durationMs]);
  return (
    <div className="pointer-events-auto flex w-full max-w-md items-start gap-3 rounded-lg border border-line bg-surface py-2.5 pr-2 pl-4 shadow-high">
      {ICONS[tone]}
      <div className="min-w-0 flex-1 py-px text-sm">
        <p className="font-medium">{title}</p>
        {detail === undefined ? null : <p className="text-muted">{detail}</p>}
      </div>
      {action === undefined ? null : (
        <Button
          size="sm"
          look="quiet"
          className="-my-1 text-accent-text"
          onClick={() => {
            dismiss(toastKey);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton
        small
        label={text.ui.close}
        icon={<X className="size-3.5" />}
        onClick={() => dismiss(toastKey)}
        className="-my-0.5"
      />
    </div>
  );
}
