import { useNavigate } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { type RefObject, useEffect, useId, useRef, useState } from 'react';
import { messageOf } from '../client/problem.ts';
import * as text from '../text/text.ts';
import { cx } from '../ui/cx.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Spinner } from '../ui/spinner.tsx';
import { matching } from './matching.ts';
import { type Choice, ICONS, useCommands } from './palette-commands.tsx';
import { SHORTEST_SEARCH, useFound } from './use-found.tsx';
import { useSettled } from './use-settled.ts';

const words = text.shell.palette;
const SETTLE_MS = 120;
const ROOM = 'h-[min(26rem,60dvh)] scroll-py-2 overflow-y-auto p-2';

interface Group {
  readonly name: string;
  readonly choices: readonly Choice[];
}

interface PaletteProps {
  /** What was typed before it was there. */
  readonly typedAhead: RefObject<string>;
  readonly onClose: () => void;
  readonly onHelp: () => void;
}

/** One field for everything: commands at once, documents, passages and chats as one types (WAI-ARIA combobox). */
export function Palette({ typedAhead, onClose, onHelp }: PaletteProps) {
  const [typed, setTyped] = useState('');
  // not sooner: until the effects run, keys still go there
  useEffect(() => setTyped(typedAhead.current), [typedAhead]);
  const { groups, isLooking, error } = useGroups(typed.trim(), onHelp);
  const choices = groups.flatMap((group) => group.choices);
  // by key: what arrives later above it must not slip under the person's Enter
  const [chosen, setChosen] = useState<string>();
  const current = choices.find(({ key }) => key === chosen) ?? choices[0];
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever another one is chosen
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [current?.key]);
  const choose = (choice: Choice | undefined) => {
    if (choice === undefined) return;
    onClose();
    choice.run();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const at = current === undefined ? 0 : choices.indexOf(current);
      setChosen(choices.at((at + step) % choices.length)?.key);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      choose(current);
    }
  };
  return (
    <Dialog open hideTitle wide onClose={onClose} title={words.title} className="mt-[12vh] max-sm:mt-4">
      <div className="flex items-center gap-3 border-b border-line px-5 focus-within:border-accent-text">
        {isLooking ? <Spinner /> : <Search aria-hidden className="size-4 shrink-0 text-muted" />}
        <input
          role="combobox"
          aria-expanded={choices.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={current === undefined ? undefined : `${listId}-${current.key}`}
          aria-label={words.title}
          placeholder={words.placeholder}
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setChosen(undefined);
          }}
          onKeyDown={onKeyDown}
          className="h-14 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-faint"
        />
      </div>
      {choices.length > 0 ? (
        <div ref={list} id={listId} role="listbox" aria-label={words.title} className={ROOM}>
          {groups.map(({ name, choices: some }) => (
            // biome-ignore lint/a11y/useSemanticElements: a group of options has no element of its own
            <div key={name} role="group" aria-label={name} className="pb-1">
              <p aria-hidden className="px-3 pt-2 pb-1 text-xs font-medium text-muted">
                {name}
              </p>
              {some.map((choice) => (
                <Option
                  key={choice.key}
                  id={`${listId}-${choice.key}`}
                  choice={choice}
                  isCurrent={choice === current}
                  onPoint={() => setChosen(choice.key)}
                  onChoose={() => choose(choice)}
                />
              ))}
            </div>
          ))}
        </div>
      ) : (
        <div className={ROOM}>
          {isLooking ? null : <p className="px-3 py-10 text-center text-sm text-muted">{words.nothing}</p>}
        </div>
      )}
      <div className="flex items-center justify-between gap-4 border-t border-line bg-bg px-5 py-2 text-xs text-muted">
        {/* told once the person rests and the answers are in, not at every letter */}
        <p aria-live="polite" className={error === null ? undefined : 'text-bad'}>
          {error !== null ? messageOf(error) : isLooking || typed === '' ? '' : words.results(choices.length)}
        </p>
        <p aria-hidden className="flex gap-4 max-sm:hidden">
          {words.hints.map(([keys, what]) => (
            <span key={keys} className="flex items-center gap-1.5">
              <kbd className="rounded-sm border border-line bg-surface px-1.5 font-sans">{keys}</kbd>
              {what}
            </span>
          ))}
        </p>
      </div>
    </Dialog>
  );
}

interface OptionProps {
  readonly id: string;
  readonly choice: Choice;
  readonly isCurrent: boolean;
  readonly onPoint: () => void;
  readonly onChoose: () => void;
}

const Option = ({ id, choice, isCurrent, onPoint, onChoose }: OptionProps) => (
  // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
  // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the field
  <div
    id={id}
    role="option"
    aria-selected={isCurrent}
    onClick={onChoose}
    onPointerMove={isCurrent ? undefined : onPoint}
    className={cx(
      'flex cursor-pointer items-center gap-3 rounded-md px-3 py-2 text-sm',
      isCurrent && 'bg-accent-soft',
    )}
  >
    <choice.icon
      aria-hidden
      className={cx('size-4 shrink-0', isCurrent ? 'text-accent-text' : 'text-muted')}
    />
    <span className="min-w-0 flex-1">
      <span className="block truncate">{choice.shown ?? choice.label}</span>
      {choice.detail === undefined ? null : (
        <span className="block truncate text-xs text-muted">{choice.detail}</span>
      )}
    </span>
  </div>
);

/** Before one types, what was used last; then what is at hand before what the server finds. */
function useGroups(typed: string, onHelp: () => void) {
  const navigate = useNavigate();
  const commands = useCommands(onHelp);
  const q = useSettled(typed, SETTLE_MS);
  const { documents, passages, chats, isLooking, error } = useFound(q);
  const ask: Choice = {
    key: 'ask',
    label: words.ask(typed),
    icon: ICONS.ask,
    run: () => void navigate({ to: '/chat', search: { q: typed } }),
  };
  const groups: Group[] =
    typed === ''
      ? [
          { name: words.recentChats, choices: chats },
          { name: words.recentDocuments, choices: documents },
          { name: words.commands, choices: commands },
        ]
      : [
          { name: words.commands, choices: matching(commands, typed) },
          { name: words.askGroup, choices: typed.length >= SHORTEST_SEARCH ? [ask] : [] },
          { name: words.documents, choices: documents },
          { name: words.passages, choices: passages },
          { name: words.chats, choices: chats },
        ];
  return {
    groups: groups.filter(({ choices }) => choices.length > 0),
    isLooking: isLooking || q !== typed,
    error,
  };
}
