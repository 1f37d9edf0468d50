import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Check, FileText, FolderClosed, Globe, Hash, X } from 'lucide-react';
import { type ReactNode, useDeferredValue, useEffect, useRef, useState } from 'react';
import { collectionsQuery } from '../../data/collections.ts';
import { documentsQuery } from '../../data/documents.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { cx } from '../../ui/cx.ts';
import { SearchField } from '../../ui/field.tsx';
import { Popover } from '../../ui/popover.tsx';
import { EVERYTHING, has, type Scope, toggled } from './scope.ts';

/** More are found by typing. */
const MOST_DOCUMENTS = 30;
const MOST_COLLECTIONS = 8;

interface ScopePickerProps {
  readonly scope: Scope;
  readonly onScope: (scope: Scope) => void;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

export function ScopePicker({ scope, onScope, open, onOpenChange }: ScopePickerProps) {
  return (
    <Popover
      label={text.chat.scope}
      open={open}
      onOpenChange={onOpenChange}
      className="overflow-hidden p-0!"
      trigger={
        <button
          type="button"
          className="flex h-8 shrink-0 items-center gap-1.5 rounded-md px-2 text-sm text-muted hover:bg-hover hover:text-ink"
        >
          {scope.kind === 'everything' ? (
            <Globe aria-hidden className="size-4" />
          ) : (
            <Hash aria-hidden className="size-4" />
          )}
          <span className="sr-only">{text.chat.scope}: </span>
          {scope.kind === 'everything' ? text.chat.everything : text.chat.onlyThere}
        </button>
      }
    >
      <Choices scope={scope} onScope={onScope} />
    </Popover>
  );
}

function Choices({ scope, onScope }: { scope: Scope; onScope: (scope: Scope) => void }) {
  const [typed, setTyped] = useState('');
  const q = useDeferredValue(typed.trim());
  const field = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => field.current?.focus(), []);
  const collections = (useQuery(collectionsQuery()).data ?? [])
    .filter(({ name }) => name.toLowerCase().includes(q.toLowerCase()))
    .slice(0, MOST_COLLECTIONS);
  const found = useInfiniteQuery(
    documentsQuery({ q: q === '' ? undefined : q, status: 'ready', sort: '-createdAt' }),
  );
  const documents = (found.data?.pages[0]?.items ?? []).slice(0, MOST_DOCUMENTS);
  /** Up and down go from one choice to the next. */
  const move = (event: React.KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const all = [...(box.current?.querySelectorAll<HTMLElement>('input,[role=option]') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys of what is in it come by here
    <div ref={box} onKeyDown={move}>
      <div className="border-b border-line p-2">
        <SearchField ref={field} label={text.chat.searchScope} value={typed} onChange={setTyped} />
      </div>
      <div
        role="listbox"
        aria-label={text.chat.scope}
        aria-multiselectable
        className="max-h-80 overflow-y-auto p-1"
      >
        {q === '' ? (
          <Choice
            icon={<Globe className="size-4" />}
            chosen={scope.kind === 'everything'}
            onToggle={() => onScope(EVERYTHING)}
            note={text.chat.everythingHint}
          >
            {text.chat.everything}
          </Choice>
        ) : null}
        {collections.length === 0 ? null : (
          // biome-ignore lint/a11y/useSemanticElements: part of a listbox
          <div role="group" aria-label={text.chat.collections}>
            <Heading>{text.chat.collections}</Heading>
            {collections.map(({ id, name, documentCount }) => (
              <Choice
                key={id}
                icon={<FolderClosed className="size-4" />}
                chosen={has(scope, id)}
                onToggle={() => onScope(toggled(scope, 'collections', { id, name }))}
                note={text.chat.documentsIn(formatNumber(documentCount))}
              >
                {name}
              </Choice>
            ))}
          </div>
        )}
        {documents.length === 0 ? null : (
          // biome-ignore lint/a11y/useSemanticElements: part of a listbox
          <div role="group" aria-label={text.chat.documents}>
            <Heading>{text.chat.documents}</Heading>
            {documents.map(({ id, title }) => (
              <Choice
                key={id}
                icon={<FileText className="size-4" />}
                chosen={has(scope, id)}
                onToggle={() => onScope(toggled(scope, 'documents', { id, name: title }))}
              >
                {title}
              </Choice>
            ))}
          </div>
        )}
        {collections.length + documents.length === 0 && !found.isPending ? (
          <p className="px-3 py-4 text-center text-sm text-muted">{text.chat.nothingFound}</p>
        ) : null}
      </div>
    </div>
  );
}

const Heading = ({ children }: { children: ReactNode }) => (
  <p aria-hidden className="px-2.5 pt-2 pb-1 text-xs font-medium text-muted">
    {children}
  </p>
);

function Choice({
  icon,
  chosen,
  onToggle,
  note,
  children,
}: {
  icon: ReactNode;
  chosen: boolean;
  onToggle: () => void;
  note?: string;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      role="option"
      aria-selected={chosen}
      onClick={onToggle}
      className="flex w-full items-center gap-2.5 rounded-sm px-2.5 py-1.5 text-left text-sm outline-offset-[-2px] hover:bg-hover"
    >
      <span aria-hidden className="shrink-0 text-muted">
        {icon}
      </span>
      <span className="min-w-24 flex-1 truncate">{children}</span>
      {note === undefined ? null : <span className="truncate text-xs text-faint">{note}</span>}
      <Check aria-hidden className={cx('size-4 shrink-0 text-accent-text', !chosen && 'invisible')} />
    </button>
  );
}

/** What the question is narrowed to, each with a way to take it out. */
export function ScopeChips({ scope, onScope }: Pick<ScopePickerProps, 'scope' | 'onScope'>) {
  if (scope.kind === 'everything') return null;
  const { kind, items } = scope;
  return items.map((item) => (
    <span
      key={item.id}
      className="flex h-7 max-w-56 min-w-0 items-center gap-1.5 rounded-full bg-accent-soft pr-1 pl-2.5 text-xs font-medium text-accent-text"
    >
      {kind === 'documents' ? (
        <FileText aria-hidden className="size-3.5 shrink-0" />
      ) : (
        <FolderClosed aria-hidden className="size-3.5 shrink-0" />
      )}
      <span className="truncate">{item.name}</span>
      <button
        type="button"
        aria-label={text.chat.removeFromScope(item.name)}
        onClick={() => onScope(toggled(scope, kind, item))}
        className="rounded-full p-1 hover:bg-hover"
      >
        <X aria-hidden className="size-3" />
      </button>
    </span>
  ));
}
