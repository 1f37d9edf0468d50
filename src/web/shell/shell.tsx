import { useQueryClient } from '@tanstack/react-query';
import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { Menu as MenuIcon, PanelLeft, Search } from 'lucide-react';
import { lazy, type RefObject, Suspense, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { startLive } from '../client/live.ts';
import { session } from '../client/session.ts';
import * as text from '../text/text.ts';
import { IconButton } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { Toasts } from '../ui/toast.tsx';
import { UploadDoor } from '../upload/upload-door.tsx';
import { ExpiredSession } from './expired-session.tsx';
import { isShortcut, keysOf } from './keys.ts';
import { OfflineBanner } from './offline-banner.tsx';
import { loadPaletteSoon, PaletteDoor } from './palette-door.tsx';
import { Sidebar } from './sidebar.tsx';
import { TitleAnnouncer } from './title-announcer.tsx';

const ShortcutHelp = lazy(() =>
  import('./shortcut-help.tsx').then((room) => ({ default: room.ShortcutHelp })),
);

type Overlay = 'palette' | 'help' | undefined;

const COLLAPSED = 'ka.sidebar-collapsed';

/** What stands around every page: the sidebar, what opens over it, and what happens beside it. */
export function Shell() {
  useSessionGuard();
  useLive();
  const [collapsed, setCollapsed] = useState(localStorage.getItem(COLLAPSED) === 'yes');
  const [drawer, setDrawer] = useDrawer();
  const [overlay, setOverlay] = useState<Overlay>();
  useShortcuts(overlay, setOverlay);
  const sidebar = useRef<HTMLElement>(null);
  const drawerButton = useRef<HTMLButtonElement>(null);
  const expandButton = useRef<HTMLButtonElement>(null);
  useFocusHandedOver(drawer, sidebar, drawerButton);
  useFocusHandedOver(!collapsed, sidebar, expandButton);
  const collapse = (next: boolean) => {
    localStorage.setItem(COLLAPSED, next ? 'yes' : 'no');
    setCollapsed(next);
  };
  return (
    <div className="group/shell flex h-full" data-collapsed={collapsed || undefined}>
      <a
        href="#page"
        className="fixed top-2 left-2 z-60 -translate-y-16 rounded-md bg-accent px-4 py-2 text-accent-ink focus:translate-y-0"
      >
        {text.shell.skip}
      </a>
      {drawer ? (
        // biome-ignore lint/a11y/noStaticElementInteractions: Escape and the button close it too
        // biome-ignore lint/a11y/useKeyWithClickEvents: see above
        <div className="fixed inset-0 z-30 bg-veil md:hidden" onClick={() => setDrawer(false)} />
      ) : null}
      <Sidebar
        ref={sidebar}
        className={cx(
          'fixed inset-y-0 left-0 z-30 w-72 md:static md:z-auto md:w-64',
          !drawer && 'max-md:hidden',
          collapsed && 'md:hidden',
        )}
        onClose={() => (drawer ? setDrawer(false) : collapse(true))}
        onSearch={() => setOverlay('palette')}
        onHelp={() => setOverlay('help')}
      />
      <div className="flex min-w-0 flex-1 flex-col" inert={drawer}>
        <header
          className={cx(
            'flex h-12 shrink-0 items-center gap-1 border-b border-line bg-bg px-2',
            collapsed
              ? 'md:absolute md:top-2 md:left-2 md:z-20 md:h-auto md:border-0 md:bg-transparent md:p-0'
              : 'md:hidden',
          )}
        >
          <IconButton
            ref={drawerButton}
            label={text.shell.openMenu}
            aria-expanded={drawer}
            icon={<MenuIcon className="size-5" />}
            onClick={() => setDrawer(true)}
            className="md:hidden"
          />
          {collapsed ? (
            <IconButton
              ref={expandButton}
              label={text.shell.expand}
              icon={<PanelLeft className="size-5" />}
              onClick={() => collapse(false)}
              className="max-md:hidden"
            />
          ) : null}
          <span className="flex-1 truncate text-center font-semibold md:hidden">{text.ui.appName}</span>
          <IconButton
            label={text.shell.search}
            keys={keysOf('mod+k')}
            icon={<Search className="size-5" />}
            onClick={() => setOverlay('palette')}
            className="md:hidden"
          />
        </header>
        <OfflineBanner />
        <main id="page" tabIndex={-1} className="relative min-h-0 flex-1 overflow-y-auto outline-none">
          <Suspense>
            <Outlet />
          </Suspense>
        </main>
      </div>
      {overlay === 'palette' ? (
        <PaletteDoor onClose={() => setOverlay(undefined)} onHelp={() => setOverlay('help')} />
      ) : null}
      <Suspense>
        {overlay === 'help' ? <ShortcutHelp onClose={() => setOverlay(undefined)} /> : null}
      </Suspense>
      <UploadDoor />
      <ExpiredSession />
      <Toasts />
      <TitleAnnouncer />
    </div>
  );
}

/** Whoever is signed out, here or in another tab, leaves; nothing of theirs stays in memory. */
function useSessionGuard(): void {
  const { status } = useSyncExternalStore(session.subscribe, session.get);
  const queries = useQueryClient();
  const navigate = useNavigate();
  useEffect(() => {
    if (status !== 'signed-out') return;
    queries.clear();
    void navigate({ to: '/sign-in', replace: true });
  }, [status, queries, navigate]);
}

function useLive(): void {
  const queries = useQueryClient();
  useEffect(() => startLive(queries), [queries]);
}

/** The sidebar of a phone: closed by Escape, by going somewhere, and where the window has room for both. */
function useDrawer(): [boolean, (open: boolean) => void] {
  const [open, setOpen] = useState(false);
  const place = useRouterState({ select: ({ location }) => location.href });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new place closes it
  useEffect(() => setOpen(false), [place]);
  useEffect(() => {
    if (!open) return;
    const gone = new AbortController();
    const { signal } = gone;
    const onKey = (event: KeyboardEvent) => {
      // what lies over the drawer is closed first
      if (event.key === 'Escape' && !event.defaultPrevented && openDialogs() === 0) setOpen(false);
    };
    addEventListener('keydown', onKey, { signal });
    matchMedia('(width >= 48rem)').addEventListener('change', () => setOpen(false), { signal });
    return () => gone.abort();
  }, [open]);
  return [open, setOpen];
}

/** Whoever opens or hides the sidebar by keyboard stays where the two buttons are, unless the page took the focus. */
function useFocusHandedOver(
  open: boolean,
  sidebar: RefObject<HTMLElement | null>,
  opener: RefObject<HTMLButtonElement | null>,
): void {
  const before = useRef(open);
  useEffect(() => {
    if (before.current === open) return;
    before.current = open;
    const { activeElement } = document;
    if (open) sidebar.current?.querySelector('button')?.focus();
    else if (activeElement === document.body || sidebar.current?.contains(activeElement) === true)
      opener.current?.focus();
  }, [open, sidebar, opener]);
}

const openDialogs = () => document.querySelectorAll('dialog[open]').length;

function useShortcuts(overlay: Overlay, show: (overlay: Overlay) => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      loadPaletteSoon(event);
      const isChat = isShortcut(event, 'o', true);
      const wanted = isShortcut(event, 'k') ? 'palette' : isShortcut(event, '/') ? 'help' : undefined;
      if (!isChat && wanted === undefined) return;
      event.preventDefault();
      // a dialog of the page, or one that asks for the password, has to be answered first
      if (openDialogs() > (overlay === undefined ? 0 : 1)) return;
      show(wanted === overlay ? undefined : wanted);
      if (isChat) void navigate({ to: '/chat' });
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [overlay, show, navigate]);
}
