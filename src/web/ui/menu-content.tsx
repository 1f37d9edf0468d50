import * as Radix from '@radix-ui/react-dropdown-menu';
import { Check } from 'lucide-react';
import { useState } from 'react';
import { cx } from './cx.ts';
import type { MenuEntry, MenuProps } from './menu.tsx';

/** Open from the start: it is loaded because somebody opened it. Not modal: that kind injects style sheets, which the content policy refuses. */
export default function MenuContent({ trigger, align = 'end', entries }: MenuProps) {
  // known here, so that every opening finds out anew which dialog it is in
  const [open, setOpen] = useState(true);
  return (
    <Radix.Root modal={false} open={open} onOpenChange={setOpen}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal container={document.querySelector<HTMLElement>('dialog[open]') ?? document.body}>
        <Radix.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-44 overflow-y-auto rounded-lg border border-line bg-surface p-1 shadow-high"
        >
          {entries.map((entry, i) =>
            // biome-ignore lint/suspicious/noArrayIndexKey: entries keep their places
            entry ? <Entry key={i} entry={entry} /> : null,
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const ITEM =
  'flex min-h-8 items-center gap-2.5 rounded-sm px-2.5 py-1 text-sm outline-none select-none data-disabled:opacity-50 data-highlighted:bg-hover';

function Entry({ entry }: { entry: MenuEntry }) {
  if (entry === 'line') return <Radix.Separator className="my-1 h-px bg-line" />;
  if ('heading' in entry)
    return (
      <Radix.Label className="px-2.5 pt-1.5 pb-1 text-xs font-medium text-muted">{entry.heading}</Radix.Label>
    );
  if ('checked' in entry)
    return (
      <Radix.CheckboxItem
        className={ITEM}
        checked={entry.checked}
        onCheckedChange={entry.onChange}
        onSelect={(event) => event.preventDefault()}
      >
        <Check aria-hidden className={cx('size-4', !entry.checked && 'invisible')} />
        <span className="min-w-0 flex-1 truncate">{entry.label}</span>
      </Radix.CheckboxItem>
    );
  const { label, icon, danger = false, disabled = false, keys, onSelect } = entry;
  return (
    <Radix.Item className={cx(ITEM, danger && 'text-bad')} disabled={disabled} onSelect={onSelect}>
      {icon}
      <span className="min-w-0 flex-1 truncate">{label}</span>
      {keys === undefined ? null : <kbd className="font-sans text-xs text-muted">{keys}</kbd>}
    </Radix.Item>
  );
}
