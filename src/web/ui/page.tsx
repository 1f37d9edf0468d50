import { type ReactNode, useEffect } from 'react';
import * as text from '../text/text.ts';
import { cx } from './cx.ts';

/** A page of the app: its title stands in the tab and at the top. */
export function Page({
  title,
  actions,
  wide = false,
  narrow = false,
  children,
}: {
  title: string;
  actions?: ReactNode;
  wide?: boolean;
  /** For forms and reading. */
  narrow?: boolean;
  children: ReactNode;
}) {
  usePageTitle(title);
  return (
    <div
      className={cx(
        'mx-auto w-full px-4 py-5 sm:px-8 sm:py-8',
        wide ? 'max-w-7xl' : narrow ? 'max-w-3xl' : 'max-w-5xl',
      )}
    >
      <header className="mb-6 flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {actions === undefined ? null : <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? text.ui.appName : `${title} · ${text.ui.appName}`;
  }, [title]);
}

export const Card = ({
  title,
  actions,
  className,
  children,
}: {
  title?: string;
  actions?: ReactNode;
  className?: string;
  children: ReactNode;
}) => (
  <section
    className={cx('min-w-0 rounded-lg border border-line bg-surface p-5 shadow-card', className)}
    aria-label={title}
  >
    {title === undefined ? null : (
      <div className="mb-4 flex min-h-8 items-center justify-between gap-3">
        <h2 className="text-sm font-semibold">{title}</h2>
        {actions}
      </div>
    )}
    {children}
  </section>
);
