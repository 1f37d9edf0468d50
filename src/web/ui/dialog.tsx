import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import * as text from '../text/text.ts';
import { Button, type ButtonLook, IconButton } from './button.tsx';
import { cx } from './cx.ts';

interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** Of a palette, whose field says what it is. */
  readonly hideTitle?: boolean;
  readonly wide?: boolean;
  /** Only the buttons close it. */
  readonly firm?: boolean;
  readonly className?: string;
  readonly children: ReactNode;
}

/** The browser's own modal dialog: focus stays in it, Escape closes it, what is behind is inert. */
export function Dialog({
  open,
  onClose,
  title,
  hideTitle = false,
  wide = false,
  firm = false,
  className,
  children,
}: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    if (open && element?.open === false) {
      element.showModal();
      // what is asked for comes before the button that closes
      element.querySelector<HTMLElement>('input:not([hidden]), textarea')?.focus();
    }
    if (!open && element?.open === true) element.close();
  }, [open]);
  if (!open) return null;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the keyboard's way
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      closedby={firm ? 'none' : 'closerequest'}
      onCancel={(event) => {
        event.preventDefault();
        if (!firm) onClose();
      }}
      // where `closedby` is unknown, a second Escape in a row closes it whatever the first was answered
      onClose={() => (firm ? dialog.current?.showModal() : onClose())}
      onClick={(event) => {
        if (!firm && event.target === event.currentTarget) onClose();
      }}
      className={cx(
        'pointer-events-auto m-auto max-h-[min(46rem,calc(100dvh-2rem))] w-[calc(100vw-2rem)] overflow-hidden rounded-xl border border-line bg-surface p-0 shadow-high backdrop:bg-veil',
        wide ? 'max-w-3xl' : 'max-w-lg',
        className,
      )}
    >
      <div className="flex max-h-[inherit] flex-col">
        <div className={hideTitle ? 'sr-only' : 'flex items-center justify-between gap-4 py-3 pr-3 pl-5'}>
          <h2 id={titleId} className="text-base font-semibold">
            {title}
          </h2>
          {firm || hideTitle ? null : (
            <IconButton label={text.ui.close} icon={<X className="size-4" />} onClick={onClose} />
          )}
        </div>
        <div className="min-h-0 overflow-y-auto">{children}</div>
      </div>
    </dialog>
  );
}

/** The row of buttons at the end of a dialog. */
export const DialogActions = ({ children }: { children: ReactNode }) => (
  <div className="flex flex-wrap justify-end gap-2 border-t border-line bg-bg px-5 py-3">{children}</div>
);

interface ConfirmProps {
  readonly open: boolean;
  readonly title: string;
  readonly children: ReactNode;
  readonly action: string;
  readonly look?: ButtonLook;
  readonly onConfirm: () => void | Promise<void>;
  readonly onClose: () => void;
}

/** Asks before what can't be taken back. `onConfirm` may take its time; a throw is left to whoever passed it. */
export function Confirm({
  open,
  title,
  children,
  action,
  look = 'danger',
  onConfirm,
  onClose,
}: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <div className="px-5 pb-5 text-muted">{children}</div>
      <DialogActions>
        <Button onClick={onClose}>{text.ui.cancel}</Button>
        <Button
          look={look}
          busy={busy}
          onClick={async () => {
            setBusy(true);
            try {
              await onConfirm();
              onClose();
            } finally {
              setBusy(false);
            }
          }}
        >
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
