import { Check, ChevronDown, X } from 'lucide-react';
import { useState } from 'react';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { cx } from '../../ui/cx.ts';
import { SearchField } from '../../ui/field.tsx';
import { Popover } from '../../ui/popover.tsx';

/** More than fit at a glance get a field to find one. */
const MANY = 9;

export interface FilterOption {
  readonly value: string;
  readonly label: string;
  readonly count: number;
}

interface FilterMenuProps {
  readonly name: string;
  readonly value: string | undefined;
  /** What the value is called while the options are not there. */
  readonly valueLabel: string;
  readonly options: readonly FilterOption[];
  readonly onChange: (value: string | undefined) => void;
}

/** One filter: a button that opens its values with counts, and a chip that can be taken off once one is chosen. */
export function FilterMenu({ name, value, valueLabel, options, onChange }: FilterMenuProps) {
  const [open, setOpen] = useState(false);
  const [find, setFind] = useState('');
  const on = value !== undefined;
  const wanted = find.trim().toLowerCase();
  const shown = options.filter(({ label }) => label.toLowerCase().includes(wanted));
  return (
    <div
      className={cx(
        'flex h-8 max-w-full min-w-0 shrink-0 items-center rounded-full border text-sm',
        on ? 'border-transparent bg-accent-soft text-accent-text' : 'border-line bg-surface text-ink',
      )}
    >
      <Popover
        label={name}
        open={open}
        onOpenChange={(next) => {
          setOpen(next);
          setFind('');
        }}
        className="w-64 p-1.5"
        trigger={
          <button
            type="button"
            className={cx(
              'flex h-full min-w-0 items-center gap-1.5 rounded-full pl-3 hover:bg-hover',
              on ? 'pr-1.5 font-medium' : 'pr-2.5',
            )}
          >
            <span className="max-w-44 truncate">
              {on ? text.library.filters.chosen(name, valueLabel) : name}
            </span>
            {on ? null : <ChevronDown aria-hidden className="size-3.5 text-muted" />}
          </button>
        }
      >
        {options.length >= MANY ? (
          <SearchField
            label={text.library.filters.find(name)}
            value={find}
            onChange={setFind}
            className="mb-1.5"
          />
        ) : null}
        <ul className="max-h-72 overflow-y-auto">
          {shown.map(({ value: each, label, count }) => (
            <li key={each}>
              <button
                type="button"
                aria-pressed={each === value}
                onClick={() => {
                  onChange(each === value ? undefined : each);
                  setOpen(false);
                }}
                className="flex min-h-8 w-full items-center gap-2 rounded-sm px-2 py-1 text-left text-sm outline-offset-[-2px] hover:bg-hover"
              >
                <Check aria-hidden className={cx('size-4 shrink-0', each !== value && 'invisible')} />
                <span className="min-w-0 flex-1 truncate">{label}</span>
                <span className="text-xs text-muted tabular-nums">{formatNumber(count)}</span>
              </button>
            </li>
          ))}
        </ul>
        {shown.length > 0 ? null : (
          <p className="p-2 text-sm text-muted">
            {options.length === 0 ? text.library.filters.noneYet : text.library.filters.none}
          </p>
        )}
      </Popover>
      {on ? (
        <button
          type="button"
          aria-label={text.library.filters.remove(name, valueLabel)}
          onClick={() => onChange(undefined)}
          className="mr-1 grid size-6 shrink-0 place-items-center rounded-full hover:bg-hover"
        >
          <X aria-hidden className="size-3.5" />
        </button>
      ) : null}
    </div>
  );
}
