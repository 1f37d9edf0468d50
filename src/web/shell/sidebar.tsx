import { Link } from '@tanstack/react-router';
import { FolderOpen, House, Library, PanelLeftClose, Search, ShieldCheck, SquarePen } from 'lucide-react';
import { type ReactNode, type Ref, useSyncExternalStore } from 'react';
import { session } from '../client/session.ts';
import * as text from '../text/text.ts';
import { buttonClass, IconButton } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { AccountMenu } from './account-menu.tsx';
import { ChatList } from './chat-list.tsx';
import { keysOf } from './keys.ts';

interface SidebarProps {
  readonly ref: Ref<HTMLElement>;
  readonly className: string;
  readonly onClose: () => void;
  readonly onSearch: () => void;
  readonly onHelp: () => void;
}

export function Sidebar({ ref, className, onClose, onSearch, onHelp }: SidebarProps) {
  const state = useSyncExternalStore(session.subscribe, session.get);
  if (!('user' in state)) return null;
  return (
    <aside ref={ref} className={cx('flex shrink-0 flex-col border-r border-line bg-sunken', className)}>
      <div className="flex h-14 shrink-0 items-center gap-2 pr-2 pl-4">
        <img src="/icon.svg" alt="" className="size-6" />
        <span className="min-w-0 flex-1 truncate text-sm font-semibold">{text.ui.appName}</span>
        <IconButton
          small
          label={text.shell.collapse}
          icon={<PanelLeftClose className="size-4" />}
          onClick={onClose}
        />
      </div>
      <nav
        aria-label={text.shell.navigation}
        className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto px-3 pb-3"
      >
        <div className="flex flex-col gap-1">
          <Link to="/chat" className={cx(buttonClass('primary'), 'mb-2 justify-start')} preload="intent">
            <SquarePen aria-hidden className="size-4" />
            {text.shell.newChat}
          </Link>
          <button type="button" onClick={onSearch} className={ENTRY}>
            <Search aria-hidden className="size-4" />
            <span className="flex-1 text-left">{text.shell.search}</span>
            <kbd className="font-sans text-xs text-muted max-md:hidden">{keysOf('mod+k')}</kbd>
          </button>
          <Entry to="/" icon={<House aria-hidden className="size-4" />} exact>
            {text.shell.home}
          </Entry>
          <Entry to="/library" icon={<Library aria-hidden className="size-4" />}>
            {text.shell.library}
          </Entry>
          <Entry to="/collections" icon={<FolderOpen aria-hidden className="size-4" />}>
            {text.shell.collections}
          </Entry>
          {state.user.role === 'admin' ? (
            <Entry to="/admin" icon={<ShieldCheck aria-hidden className="size-4" />}>
              {text.shell.admin}
            </Entry>
          ) : null}
        </div>
        <ChatList />
      </nav>
      <div className="border-t border-line p-2">
        <AccountMenu user={state.user} onHelp={onHelp} />
      </div>
    </aside>
  );
}

const ENTRY =
  'flex h-9 items-center gap-2.5 rounded-md px-3 text-sm text-muted hover:bg-hover hover:text-ink aria-[current=page]:bg-hover aria-[current=page]:font-medium aria-[current=page]:text-ink';

function Entry({
  to,
  icon,
  exact = false,
  children,
}: {
  to: string;
  icon: ReactNode;
  exact?: boolean;
  children: ReactNode;
}) {
  return (
    <Link to={to} activeOptions={{ exact, includeSearch: false }} className={ENTRY}>
      {icon}
      {children}
    </Link>
  );
}
