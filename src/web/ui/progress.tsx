import { cx } from './cx.ts';

/** @param percent 0 to 100; undefined when nobody knows. */
export function Progress({
  label,
  percent,
  tone = 'accent',
  className,
}: {
  label: string;
  percent: number | undefined;
  tone?: 'accent' | 'bad' | 'good';
  className?: string;
}) {
  const fill = { accent: 'bg-accent', bad: 'bg-bad', good: 'bg-good' }[tone];
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent === undefined ? undefined : Math.round(percent)}
      className={cx('h-1.5 overflow-hidden rounded-full bg-sunken', className)}
    >
      <div
        className={cx(
          'h-full rounded-full transition-[width]',
          fill,
          percent === undefined && 'w-1/3 animate-pulse',
        )}
        style={percent === undefined ? undefined : { width: `${Math.min(100, Math.max(0, percent))}%` }}
      />
    </div>
  );
}
