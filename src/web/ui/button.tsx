import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import { cx } from './cx.ts';
import { Spinner } from './spinner.tsx';
import { Tooltip } from './tooltip.tsx';

const LOOKS = {
  primary: 'bg-accent text-accent-ink hover:bg-accent-hover shadow-card',
  plain: 'bg-surface text-ink border border-line hover:bg-hover shadow-card',
  quiet: 'text-ink hover:bg-hover',
  danger: 'bg-bad text-bad-ink hover:opacity-90 shadow-card',
} as const;
const SIZES = { sm: 'h-8 px-3 text-sm gap-1.5', md: 'h-9 px-4 text-sm gap-2' } as const;
const BASE =
  'inline-flex shrink-0 items-center justify-center rounded-md font-medium whitespace-nowrap transition-colors select-none disabled:opacity-55';

export type ButtonLook = keyof typeof LOOKS;

/** For links that look like buttons. */
export const buttonClass = (look: ButtonLook = 'plain', size: keyof typeof SIZES = 'md') =>
  cx(BASE, LOOKS[look], SIZES[size]);

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: ButtonLook;
  readonly size?: keyof typeof SIZES;
  readonly icon?: ReactNode;
  /** Work is going on: a second press does nothing, and the width stays. */
  readonly busy?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({
  look = 'plain',
  size = 'md',
  icon,
  busy = false,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      className={cx(buttonClass(look, size), className)}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'children' | 'icon' | 'size'> {
  /** What it does: read out, and shown beside the pointer. */
  readonly label: string;
  readonly icon: ReactNode;
  readonly small?: boolean;
  /** The keys that do the same, shown beside the label. */
  readonly keys?: string;
}

export function IconButton({
  label,
  icon,
  small = false,
  look = 'quiet',
  busy = false,
  keys,
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip label={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        aria-busy={busy || undefined}
        className={cx(
          BASE,
          LOOKS[look],
          small ? 'size-7' : 'size-9',
          look === 'quiet' && 'text-muted hover:text-ink',
          className,
        )}
        {...rest}
      >
        {busy ? <Spinner /> : icon}
      </button>
    </Tooltip>
  );
}
