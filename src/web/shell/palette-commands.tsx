import { useNavigate } from '@tanstack/react-router';
import {
  FileText,
  FolderOpen,
  FolderUp,
  Globe,
  House,
  Keyboard,
  Library,
  LogOut,
  type LucideIcon,
  MessageSquare,
  Monitor,
  Moon,
  Quote,
  Settings,
  ShieldCheck,
  Sparkles,
  SquarePen,
  Sun,
  Upload,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { session, signOut } from '../client/session.ts';
import * as text from '../text/text.ts';
import { chooseTheme, type Theme } from '../ui/theme.ts';
import { openFilePicker, openFolderPicker, openUrlDialog } from '../upload/uploads.ts';

export interface Choice {
  readonly key: string;
  readonly label: string;
  /** Shown in the label's place. */
  readonly shown?: ReactNode;
  readonly detail?: string;
  readonly icon: LucideIcon;
  readonly run: () => void;
}

export const ICONS = { ask: Sparkles, document: FileText, passage: Quote, chat: MessageSquare } as const;
const THEMES: readonly (readonly [Theme, LucideIcon])[] = [
  ['system', Monitor],
  ['light', Sun],
  ['dark', Moon],
];

/** What the palette does without the server. */
export function useCommands(onHelp: () => void): Choice[] {
  const navigate = useNavigate();
  const words = text.shell;
  const state = session.get();
  const isAdmin = 'user' in state && state.user.role === 'admin';
  const go = (to: '/' | '/chat' | '/library' | '/collections' | '/settings' | '/admin') => () =>
    void navigate({ to });
  return [
    { key: 'chat', label: words.newChat, icon: SquarePen, run: go('/chat') },
    { key: 'upload', label: words.upload, icon: Upload, run: () => openFilePicker() },
    { key: 'folder', label: words.uploadFolder, icon: FolderUp, run: () => openFolderPicker() },
    { key: 'web-page', label: words.addPage, icon: Globe, run: () => openUrlDialog() },
    { key: 'home', label: words.home, icon: House, run: go('/') },
    { key: 'library', label: words.library, icon: Library, run: go('/library') },
    { key: 'collections', label: words.collections, icon: FolderOpen, run: go('/collections') },
    ...(isAdmin ? [{ key: 'admin', label: words.admin, icon: ShieldCheck, run: go('/admin') }] : []),
    { key: 'settings', label: words.settings, icon: Settings, run: go('/settings') },
    ...THEMES.map(([theme, icon]) => ({
      key: `theme-${theme}`,
      label: `${words.theme}: ${words.themes[theme]}`,
      icon,
      run: () => chooseTheme(theme),
    })),
    { key: 'help', label: words.shortcuts, icon: Keyboard, run: onHelp },
    { key: 'out', label: words.signOut, icon: LogOut, run: () => void signOut() },
  ];
}
