/** Dates, numbers and sizes the way the browser's locale writes them. */
const number = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'long' });

export const formatNumber = (n: number) => number.format(n);
export const formatCompact = (n: number) => compact.format(n);
/** @param share 0 to 1 */
export const formatPercent = (share: number) => percent.format(share);
export const formatDate = (iso: string) => date.format(new Date(iso));
export const formatDateTime = (iso: string) => dateTime.format(new Date(iso));
export const formatTime = (iso: string) => timeOfDay.format(new Date(iso));

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
/** Whole and with one digit; made once, since a list shows thousands of sizes. */
const sizes = [0, 1].map((maximumFractionDigits) =>
  SIZES.map(
    (unit) =>
      new Intl.NumberFormat(undefined, {
        style: 'unit',
        unit,
        // of bytes, the short form has no plural
        unitDisplay: unit === 'byte' ? 'long' : 'short',
        maximumFractionDigits,
      }),
  ),
) as [Intl.NumberFormat[], Intl.NumberFormat[]];
/** In powers of 1,000. */
export function formatBytes(bytes: number): string {
  const at = Math.min(SIZES.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** at;
  return (sizes[value < 10 && at > 0 ? 1 : 0][at] as Intl.NumberFormat).format(value);
}

/** 0.42 ms, 12 ms, 1.2 s, 2 min */
export function formatDuration(ms: number): string {
  const [value, unit] =
    ms < 1000 ? [ms, 'millisecond'] : ms < 100_000 ? [ms / 1000, 'second'] : [ms / 60_000, 'minute'];
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: value < 1 ? 2 : value < 10 ? 1 : 0,
  }).format(value);
}

export const formatUsd = (usd: number) =>
  new Intl.NumberFormat(undefined, {
    style: 'currency',
    currency: 'USD',
    maximumFractionDigits: usd !== 0 && Math.abs(usd) < 0.1 ? 4 : 2,
  }).format(usd);

const STEPS = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['week', 7 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
] as const;
/** "3 hours ago" */
export function formatAgo(iso: string, nowMs = Date.now()): string {
  const seconds = (Date.parse(iso) - nowMs) / 1000;
  for (const [unit, length] of STEPS)
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  return relative.format(0, 'minute');
}
