import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useState } from 'react';

export type MenuEntry =
  | {
      readonly label: string;
      readonly onSelect: () => void;
      readonly icon?: ReactNode;
      readonly danger?: boolean;
      readonly disabled?: boolean;
      /** The keys that do the same. */
      readonly keys?: string;
    }
  /** Can be switched; the menu stays open, so that several can. */
  | { readonly label: string; readonly checked: boolean; readonly onChange: (checked: boolean) => void }
  | { readonly heading: string }
  | 'line';

export interface MenuProps {
  readonly trigger: ReactElement;
  readonly align?: 'start' | 'center' | 'end';
  readonly entries: readonly (MenuEntry | false | undefined)[];
}

const load = () => import('./menu-content.tsx');
const MenuContent = lazy(load);

interface TriggerProps {
  onPointerEnter?: () => void;
  onFocus?: () => void;
  onClick?: () => void;
  'aria-haspopup'?: 'menu';
  'aria-expanded'?: boolean;
}

/**
 * A menu of commands that opens from its trigger. What draws it is loaded when a pointer or the focus first comes near
 * a trigger: the first page does without.
 */
export function Menu(props: MenuProps) {
  const [wanted, setWanted] = useState(false);
  const waiting = cloneElement(props.trigger as ReactElement<TriggerProps>, {
    onPointerEnter: () => void load(),
    onFocus: () => void load(),
    onClick: () => setWanted(true),
    'aria-haspopup': 'menu',
    'aria-expanded': false,
  });
  if (!wanted) return waiting;
  return (
    <Suspense fallback={waiting}>
      <MenuContent {...props} />
    </Suspense>
  );
}
