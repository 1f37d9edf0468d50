import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import {
  FileText,
  FolderOpen,
  Globe,
  House,
  Keyboard,
  Library,
  LogOut,
  MessageSquare,
  Moon,
  Quote,
  Settings,
  Sparkles,
  SquarePen,
  Sun,
  Upload,
} from 'lucide-react';
import { type ReactNode, useDeferredValue, useEffect, useId, useRef, useState } from 'react';
import type { ListPage } from '../../contract/common.ts';
import type { Conversation } from '../../contract/conversations.ts';
import type { Document } from '../../contract/documents.ts';
import { search } from '../client/batch-search.ts';
import { read } from '../client/http.ts';
import { signOut } from '../client/session.ts';
import * as text from '../text/text.ts';
import { cx } from '../ui/cx.ts';
import { Dialog } from '../ui/dialog.tsx';
import { chooseTheme } from '../ui/theme.ts';
import { openFilePicker, openUrlDialog } from '../upload/uploads.ts';
import { matching } from './matching.ts';

const words = text.shell.palette;
const icon = 'size-4 shrink-0 text-muted';

interface Choice {
  readonly key: string;
  readonly label: string;
  readonly detail?: string;
  readonly icon: ReactNode;
  readonly run: () => void;
}
interface Group {
  readonly name: string;
  readonly choices: readonly Choice[];
}

/** One field for everything: commands at once, documents, passages and chats as one types (WAI-ARIA combobox). */
export function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const [typed, setTyped] = useState('');
  const groups = useGroups(typed, onHelp);
  const choices = groups.flatMap((group) => group.choices);
  const [at, setAt] = useState(0);
  const listId = useId();
  const current = choices[Math.min(at, choices.length - 1)];
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  });
  const choose = (choice: Choice | undefined) => {
    if (choice === undefined) return;
    onClose();
    choice.run();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((Math.min(at, choices.length - 1) + step + choices.length) % Math.max(1, choices.length));
    } else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      event.preventDefault();
      choose(current);
    }
  };
  return (
    <Dialog open hideTitle wide onClose={onClose} title={words.title} className="mt-[12vh]">
      <input
        role="combobox"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={current === undefined ? undefined : `${listId}-${current.key}`}
        aria-label={words.title}
        placeholder={words.placeholder}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
        className="h-14 w-full border-b border-line bg-transparent px-5 text-base outline-none placeholder:text-faint"
      />
      <div
        ref={list}
        id={listId}
        role="listbox"
        aria-label={words.title}
        className="max-h-96 overflow-y-auto p-2"
      >
        {groups.map(({ name, choices: some }) => (
          // biome-ignore lint/a11y/useSemanticElements: a group of options has no element of its own
          <div key={name} role="group" aria-label={name}>
            <p aria-hidden className="px-3 pt-2 pb-1 text-xs font-medium text-muted">
              {name}
            </p>
            {some.map((choice) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
              // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the field
              <div
                key={choice.key}
                id={`${listId}-${choice.key}`}
                role="option"
                aria-selected={choice === current}
                onClick={() => choose(choice)}
                onPointerMove={() => setAt(choices.indexOf(choice))}
                className={cx(
                  'flex cursor-pointer items-center gap-3 rounded-md px-3 py-2 text-sm',
                  choice === current && 'bg-hover',
                )}
              >
                {choice.icon}
                <span className="min-w-0 flex-1">
                  <span className="block truncate">{choice.label}</span>
                  {choice.detail === undefined ? null : (
                    <span className="block truncate text-xs text-muted">{choice.detail}</span>
                  )}
                </span>
              </div>
            ))}
          </div>
        ))}
      </div>
      <p aria-live="polite" className="sr-only">
        {words.results(choices.length)}
      </p>
    </Dialog>
  );
}

const SHOWN_EACH = 5;

function useGroups(typed: string, onHelp: () => void): Group[] {
  const navigate = useNavigate();
  const q = useDeferredValue(typed.trim());
  const documents = useQuery({
    queryKey: ['documents', 'palette', q],
    queryFn: ({ signal }) =>
      read<ListPage<Document>>(
        '/api/v1/documents',
        { q: q || undefined, limit: SHOWN_EACH, sort: '-updatedAt' },
        signal,
      ),
  });
  const conversations = useQuery({
    queryKey: ['conversations', 'palette', q],
    queryFn: ({ signal }) =>
      read<ListPage<Conversation>>('/api/v1/conversations', { q: q || undefined, limit: SHOWN_EACH }, signal),
  });
  const passages = useQuery({
    queryKey: ['documents', 'palette-passages', q],
    enabled: q.length >= 3,
    queryFn: ({ signal }) => search({ query: q, limit: SHOWN_EACH }, signal),
  });
  const go = (to: '/' | '/chat' | '/library' | '/collections' | '/settings') => () => void navigate({ to });
  const commands: Choice[] = [
    { key: 'chat', label: text.shell.newChat, icon: <SquarePen className={icon} />, run: go('/chat') },
    {
      key: 'upload',
      label: text.shell.upload,
      icon: <Upload className={icon} />,
      run: () => openFilePicker(),
    },
    { key: 'page', label: text.shell.addPage, icon: <Globe className={icon} />, run: () => openUrlDialog() },
    { key: 'home', label: text.shell.home, icon: <House className={icon} />, run: go('/') },
    { key: 'library', label: text.shell.library, icon: <Library className={icon} />, run: go('/library') },
    {
      key: 'collections',
      label: text.shell.collections,
      icon: <FolderOpen className={icon} />,
      run: go('/collections'),
    },
    {
      key: 'settings',
      label: text.shell.settings,
      icon: <Settings className={icon} />,
      run: go('/settings'),
    },
    {
      key: 'light',
      label: `${text.shell.theme}: ${text.shell.themes.light}`,
      icon: <Sun className={icon} />,
      run: () => chooseTheme('light'),
    },
    {
      key: 'dark',
      label: `${text.shell.theme}: ${text.shell.themes.dark}`,
      icon: <Moon className={icon} />,
      run: () => chooseTheme('dark'),
    },
    { key: 'help', label: text.shell.shortcuts, icon: <Keyboard className={icon} />, run: onHelp },
    { key: 'out', label: text.shell.signOut, icon: <LogOut className={icon} />, run: () => void signOut() },
  ];
  const ask: Choice = {
    key: 'ask',
    label: words.ask(q),
    icon: <Sparkles className={cx(icon, 'text-accent-text')} />,
    run: () => void navigate({ to: '/chat', search: { q } }),
  };
  const groups: Group[] = [
    { name: words.commands, choices: [...matching(commands, q), ...(q.length >= 3 ? [ask] : [])] },
    {
      name: words.documents,
      choices: (documents.data?.items ?? []).map(({ id, title, filename }) => ({
        key: `d-${id}`,
        label: title,
        ...(filename === title ? {} : { detail: filename }),
        icon: <FileText className={icon} />,
        run: () => void navigate({ to: '/library/$documentId', params: { documentId: id } }),
      })),
    },
    {
      name: words.passages,
      choices: (q.length >= 3 ? (passages.data?.hits ?? []) : []).map((hit) => ({
        key: `p-${hit.chunkId}`,
        label: hit.text.replaceAll(/\s+/g, ' ').slice(0, 200),
        detail: words.page(hit.title, hit.page),
        icon: <Quote className={icon} />,
        run: () =>
          void navigate({
            to: '/library/$documentId',
            params: { documentId: hit.documentId },
            search: { page: hit.page, start: hit.start, end: hit.end },
          }),
      })),
    },
    {
      name: words.chats,
      choices: (conversations.data?.items ?? []).map(({ id, title, snippet }) => ({
        key: `c-${id}`,
        label: title,
        ...(snippet === undefined ? {} : { detail: snippet }),
        icon: <MessageSquare className={icon} />,
        run: () => void navigate({ to: '/chat/$conversationId', params: { conversationId: id } }),
      })),
    },
  ];
  return groups.filter(({ choices }) => choices.length > 0);
}
