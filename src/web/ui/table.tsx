import type { ReactNode } from 'react';
import { cx } from './cx.ts';

export interface Column<Row> {
  readonly label: string;
  /** Read out, not shown: of a column of buttons. */
  readonly hideLabel?: boolean;
  readonly numeric?: boolean;
  readonly cell: (row: Row) => ReactNode;
}

/** A table of some dozen rows, which scrolls sideways where it must. */
export function Table<Row>({
  label,
  columns,
  rows,
  keyOf,
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
}) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
      className="relative overflow-x-auto rounded-lg border border-line bg-surface shadow-card"
    >
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line text-left text-muted">
            {columns.map((column) => (
              <th
                key={column.label}
                scope="col"
                className={cx('px-4 py-2.5 font-medium whitespace-nowrap', column.numeric && 'text-right')}
              >
                {column.hideLabel ? <span className="sr-only">{column.label}</span> : column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {rows.map((row) => (
            <tr key={keyOf(row)} className="hover:bg-hover">
              {columns.map((column) => (
                <td
                  key={column.label}
                  className={cx(
                    'px-4 py-2.5 align-top',
                    column.numeric && 'text-right tabular-nums whitespace-nowrap',
                  )}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
