import { ArrowUp, Square } from 'lucide-react';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import * as text from '../../text/text.ts';
import { cx } from '../../ui/cx.ts';
import type { Draft } from './drafts.ts';
import { isAskable, MAX_QUESTION } from './question-length.ts';
import { ScopeChips, ScopePicker } from './scope-picker.tsx';

const TALLEST_PX = 220;
/** From here on it is told how much room is left. */
const NEAR_THE_END = 120;

interface ComposerProps {
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly running: boolean;
  readonly onSend: (question: string) => void;
  readonly onStop: () => void;
  /** Grows by one to move the focus here. */
  readonly focusTurn: number;
}

export function Composer({ draft, onDraft, running, onSend, onStop, focusTurn }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [choosing, setChoosing] = useState(false);
  const noteId = useId();
  const words = draft.text;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the words
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(TALLEST_PX, element.scrollHeight)}px`;
  }, [words]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn asks for the focus
  useEffect(() => {
    // a keyboard that slides up over the page is for the person to ask for
    if (focusTurn > 0 || matchMedia('(hover: hover)').matches) {
      field.current?.focus();
      field.current?.setSelectionRange(words.length, words.length);
    }
  }, [focusTurn]);

  const askable = isAskable(words);
  const left = MAX_QUESTION - words.trim().length;
  const send = () => {
    if (askable && !running) onSend(words.trim());
  };
  return (
    <form
      className="mx-auto w-full max-w-3xl"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="rounded-xl border border-line-strong bg-surface shadow-card focus-within:border-accent-text focus-within:ring-1 focus-within:ring-accent-text">
        <textarea
          ref={field}
          dir="auto"
          rows={1}
          aria-label={text.chat.questionLabel}
          aria-describedby={noteId}
          placeholder={text.chat.placeholder}
          value={words}
          onChange={(event) => {
            const next = event.target.value;
            onDraft({ ...draft, text: next });
            const at = event.target.selectionStart;
            if (next.length === words.length + 1 && /(?:^|\s)#$/.test(next.slice(0, at))) setChoosing(true);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            send();
          }}
          className="block w-full resize-none bg-transparent px-4 pt-3 pb-1 leading-relaxed outline-none placeholder:text-faint"
        />
        <div className="flex items-end gap-2 p-2 pt-1">
          <ScopePicker
            scope={draft.scope}
            onScope={(scope) => onDraft({ text: words.replace(/(^|\s)#(?=\s|$)/, '$1'), scope })}
            open={choosing}
            onOpenChange={(open) => {
              setChoosing(open);
              if (!open) field.current?.focus();
            }}
          />
          <div className="flex max-h-20 min-w-0 flex-1 flex-wrap gap-1.5 overflow-y-auto">
            <ScopeChips scope={draft.scope} onScope={(scope) => onDraft({ ...draft, scope })} />
          </div>
          <p
            id={noteId}
            className={cx(
              'self-center text-right text-xs',
              left < 0 ? 'text-bad' : 'text-faint',
              left >= NEAR_THE_END && (draft.scope.kind === 'everything' ? 'max-sm:sr-only' : 'sr-only'),
            )}
          >
            {left < NEAR_THE_END ? text.chat.left(left) : text.chat.hint}
          </p>
          {running ? (
            <button
              type="button"
              aria-label={text.chat.stop}
              onClick={onStop}
              className="flex size-9 shrink-0 items-center justify-center rounded-full bg-ink text-bg hover:opacity-85"
            >
              <Square aria-hidden className="size-3.5 fill-current" />
            </button>
          ) : (
            <button
              type="submit"
              aria-label={text.chat.send}
              disabled={!askable}
              className="flex size-9 shrink-0 items-center justify-center rounded-full bg-accent text-accent-ink transition-colors hover:bg-accent-hover disabled:bg-sunken disabled:text-faint"
            >
              <ArrowUp aria-hidden className="size-4.5" />
            </button>
          )}
        </div>
      </div>
    </form>
  );
}
