import { type PointerEvent, useId, useState } from 'react';
import * as text from '../text/text.ts';
import { cx } from './cx.ts';

export interface PlotSeries {
  readonly name: string;
  readonly values: readonly number[];
  readonly tone?: 'accent' | 'good' | 'warn' | 'bad' | 'faint';
}

interface PlotProps {
  /** Read out; the card around it usually shows it too. */
  readonly title: string;
  /** One for every value: a time, a day. */
  readonly labels: readonly string[];
  readonly series: readonly PlotSeries[];
  readonly kind?: 'line' | 'bar';
  readonly format: (value: number) => string;
  /** `low` ones stand above each other, and their axes do too. */
  readonly height?: keyof typeof HEIGHTS;
  readonly className?: string;
}

const HEIGHTS = { low: 'h-20', normal: 'h-32', tall: 'h-44' } as const;
const COLOURS = {
  accent: 'var(--accent-text)',
  good: 'var(--good)',
  warn: 'var(--warn)',
  bad: 'var(--bad)',
  faint: 'var(--faint)',
} as const;
/** Units of the drawing, which is stretched to its place. */
const WIDTH = 600;
const HEIGHT = 120;

/**
 * A small plot over equal steps from zero up. Pointing shows a step's values, and so do the arrow keys; a table tells
 * them all to a screen reader.
 */
export function Plot({
  title,
  labels,
  series,
  kind = 'line',
  format,
  height = 'normal',
  className,
}: PlotProps) {
  const [at, setAt] = useState<number>();
  const tableId = useId();
  const steps = labels.length;
  const highest = niceAbove(Math.max(0, ...series.flatMap(({ values }) => values)));
  if (steps === 0 || highest === 0)
    return (
      <p className={cx('grid h-32 place-items-center text-sm text-muted', className)}>{text.plot.none}</p>
    );
  const valuesAt = (step: number) =>
    `${labels[step]}: ${series.map(({ name, values }) => `${name} ${format(values[step] ?? 0)}`).join(', ')}`;
  const point = (event: PointerEvent<Element>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setAt(Math.min(steps - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * steps))));
  };
  return (
    <figure className={className} aria-labelledby={tableId}>
      <div className="flex gap-2">
        <div
          aria-hidden
          className={cx(
            'flex flex-col justify-between py-px text-right text-xs text-muted tabular-nums',
            height === 'low' && 'min-w-11',
          )}
        >
          <span>{format(highest)}</span>
          <span>{format(0)}</span>
        </div>
        <div
          className={cx(
            'relative min-w-0 flex-1 rounded-sm outline-offset-4 outline-accent-text has-focus-visible:outline-2',
            HEIGHTS[height],
          )}
        >
          <svg
            aria-hidden
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            preserveAspectRatio="none"
            className="size-full"
          >
            {[0, 0.5, 1].map((share) => (
              <line
                key={share}
                x1={0}
                x2={WIDTH}
                y1={share * HEIGHT}
                y2={share * HEIGHT}
                stroke="var(--line)"
                vectorEffect="non-scaling-stroke"
              />
            ))}
            {at === undefined ? null : (
              <rect
                x={(at * WIDTH) / steps}
                width={WIDTH / steps}
                y={0}
                height={HEIGHT}
                fill="var(--hover)"
              />
            )}
            {series.map((each) =>
              kind === 'bar' ? (
                <Bars key={each.name} {...each} highest={highest} />
              ) : (
                <Line key={each.name} {...each} highest={highest} />
              ),
            )}
          </svg>
          {/* unseen: gives the keys and the name of a control to what is drawn */}
          <input
            type="range"
            aria-label={title}
            aria-valuetext={valuesAt(at ?? steps - 1)}
            min={0}
            max={steps - 1}
            value={at ?? steps - 1}
            onChange={(event) => setAt(event.target.valueAsNumber)}
            onFocus={(event) =>
              event.target.matches(':focus-visible') && setAt((before) => before ?? steps - 1)
            }
            onBlur={() => setAt(undefined)}
            onPointerMove={point}
            onPointerLeave={() => setAt(undefined)}
            className="absolute inset-0 size-full cursor-default touch-pan-y opacity-0"
          />
        </div>
      </div>
      <figcaption
        aria-hidden
        className="mt-2 flex min-h-10 flex-wrap items-start justify-between gap-x-4 text-xs text-muted sm:min-h-5"
      >
        <span className="tabular-nums">
          {at === undefined ? `${labels[0]} – ${labels.at(-1)}` : labels[at]}
        </span>
        <span className="flex flex-wrap gap-x-4">
          {series.map(({ name, tone = 'accent', values }) => (
            <span key={name} className="flex items-center gap-1.5">
              <span className="size-2 rounded-full" style={{ background: COLOURS[tone] }} />
              {name}
              {at === undefined ? null : (
                <b className="font-semibold text-ink tabular-nums">{format(values[at] ?? 0)}</b>
              )}
            </span>
          ))}
        </span>
      </figcaption>
      <table className="sr-only">
        <caption id={tableId}>{text.plot.asTable(title)}</caption>
        <thead>
          <tr>
            <td />
            {series.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {labels.map((label, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: steps keep their places
            <tr key={i}>
              <th scope="row">{label}</th>
              {series.map(({ name, values }) => (
                <td key={name}>{format(values[i] ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function Line({ values, tone = 'accent', highest }: PlotSeries & { highest: number }) {
  const step = WIDTH / values.length;
  const points = values.map((value, i) => `${(i + 0.5) * step},${HEIGHT - (value / highest) * (HEIGHT - 2)}`);
  return (
    <polyline
      points={points.join(' ')}
      fill="none"
      stroke={COLOURS[tone]}
      strokeWidth={1.75}
      strokeLinejoin="round"
      vectorEffect="non-scaling-stroke"
    />
  );
}

function Bars({ values, tone = 'accent', highest }: PlotSeries & { highest: number }) {
  const step = WIDTH / values.length;
  return values.map((value, i) => {
    const height = (value / highest) * (HEIGHT - 2);
    return (
      <rect
        // biome-ignore lint/suspicious/noArrayIndexKey: steps keep their places
        key={i}
        x={(i + 0.15) * step}
        width={0.7 * step}
        y={HEIGHT - height}
        height={height}
        fill={COLOURS[tone]}
      />
    );
  });
}

/** The next 1, 2 or 5 times a power of ten, so that the axis reads well. */
export function niceAbove(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9)) as number) * power;
}
