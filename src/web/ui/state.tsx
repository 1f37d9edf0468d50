import { CircleAlert, RotateCw, WifiOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { messageOf, ProblemError, UnreachableError } from '../client/problem.ts';
import * as text from '../text/text.ts';
import { Button } from './button.tsx';
import { cx } from './cx.ts';

/** Nothing is here yet: says what would be, and what to do next. */
export function EmptyState({
  icon,
  title,
  children,
  actions,
}: {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-3 px-4 py-12 text-center">
      <div className="rounded-xl bg-accent-soft p-3 text-accent-text">{icon}</div>
      <h2 className="text-lg font-semibold">{title}</h2>
      {children === undefined ? null : <div className="text-muted">{children}</div>}
      {actions === undefined ? null : (
        <div className="mt-2 flex flex-wrap justify-center gap-2">{actions}</div>
      )}
    </div>
  );
}

/** A view that could not be loaded. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const away = error instanceof UnreachableError;
  return (
    <div role="alert" className="mx-auto flex max-w-md flex-col items-center gap-3 px-4 py-12 text-center">
      <div className="rounded-xl bg-bad-soft p-3 text-bad">
        {away ? <WifiOff className="size-6" /> : <CircleAlert className="size-6" />}
      </div>
      <h2 className="text-lg font-semibold">
        {error instanceof ProblemError ? error.problem.title : text.ui.somethingWentWrong}
      </h2>
      <p className="text-muted">{messageOf(error)}</p>
      {onRetry === undefined ? null : (
        <Button icon={<RotateCw className="size-4" />} onClick={onRetry}>
          {text.ui.tryAgain}
        </Button>
      )}
    </div>
  );
}

/** The shape of what is coming. */
export const Skeleton = ({ className }: { className?: string }) => (
  <div aria-hidden className={cx('animate-pulse rounded-md bg-sunken', className)} />
);

/** Says to a screen reader that a view is loading while skeletons show it. */
export const Loading = ({ children }: { children: ReactNode }) => (
  <div role="status" aria-label={text.ui.loading}>
    {children}
  </div>
);
