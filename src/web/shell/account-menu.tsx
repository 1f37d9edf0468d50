import { useNavigate } from '@tanstack/react-router';
import { ChevronsUpDown, Keyboard, LogOut, Settings } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import type { User } from '../../contract/auth.ts';
import { signOut } from '../client/session.ts';
import * as text from '../text/text.ts';
import { Menu } from '../ui/menu.tsx';
import { chooseTheme, chosenTheme, type Theme } from '../ui/theme.ts';
import { keysOf } from './keys.ts';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export function AccountMenu({ user, onHelp }: { user: User; onHelp: () => void }) {
  const navigate = useNavigate();
  const theme = useSyncExternalStore(chosenTheme.subscribe, chosenTheme.get);
  const name = user.name || user.email;
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          className="flex w-full items-center gap-2.5 rounded-md px-2 py-1.5 text-left text-sm hover:bg-hover"
        >
          <span
            aria-hidden
            className="grid size-8 shrink-0 place-items-center rounded-full bg-accent-soft font-semibold text-accent-text uppercase"
          >
            {[...name][0]}
          </span>
          <span className="sr-only">{text.shell.account}</span>
          <span className="min-w-0 flex-1 truncate">{name}</span>
          <ChevronsUpDown aria-hidden className="size-4 text-faint" />
        </button>
      }
      entries={[
        { heading: user.email },
        {
          label: text.shell.settings,
          icon: <Settings className="size-4" />,
          onSelect: () => void navigate({ to: '/settings' }),
        },
        {
          label: text.shell.shortcuts,
          icon: <Keyboard className="size-4" />,
          keys: keysOf('mod+/'),
          onSelect: onHelp,
        },
        'line',
        { heading: text.shell.theme },
        ...THEMES.map((each) => ({
          label: text.shell.themes[each],
          checked: each === theme,
          onChange: () => chooseTheme(each),
        })),
        'line',
        { label: text.shell.signOut, icon: <LogOut className="size-4" />, onSelect: () => void signOut() },
      ]}
    />
  );
}
