import { useNavigate } from '@tanstack/react-router';
import { ArrowDown } from 'lucide-react';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { answerState } from './answer-state.ts';
import type { Passage } from './citation-context.ts';
import { Composer } from './composer.tsx';
import { type Draft, keepDraft, keptDraft } from './drafts.ts';
import { EmptyChat } from './empty-chat.tsx';
import { askFirst, forget, forgetFinished, stop } from './exchanges.ts';
import { EVERYTHING, type Scope } from './scope.ts';
import { SourcePane } from './source-pane.tsx';
import { type TurnActions, TurnView } from './turn-view.tsx';
import { useMedia } from './use-media.ts';
import { useStickToBottom } from './use-stick-to-bottom.ts';
import { useThread } from './use-thread.ts';

interface ChatProps {
  /** Absent before the first question. */
  readonly conversationId?: string;
  readonly header?: ReactNode;
  /** A message to scroll to. */
  readonly message?: string | undefined;
  /** Asked at once. */
  readonly firstQuestion?: string | undefined;
  /** Where the first question looks, from the address. */
  readonly firstScope?: Scope | undefined;
}

/** A conversation: its turns, the field to ask in, and beside them the passage that was opened. */
export function Chat({ conversationId, header, message, firstQuestion, firstScope }: ChatProps) {
  const navigate = useNavigate();
  const thread = useThread(conversationId);
  const { turns, running } = thread;
  const [draft, setDraft] = useState<Draft>(() => {
    const kept = keptDraft(conversationId);
    return firstScope === undefined ? kept : { ...kept, scope: firstScope };
  });
  const [focusTurn, setFocusTurn] = useState(0);
  const [passage, setPassage] = useState<Passage>();
  const opener = useRef<Element>(null);
  const beside = useMedia('(min-width: 70rem)');
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { away, toEnd, letGo } = useStickToBottom(scroller, content);

  const changeDraft = (next: Draft) => {
    setDraft(next);
    keepDraft(conversationId, next);
  };

  const start = useCallback(
    async (question: string, scope: Scope) => {
      const id = await askFirst(question, scope);
      if (id === undefined) return;
      // the scope goes along, the words are asked
      keepDraft(undefined, { text: '', scope: EVERYTHING });
      keepDraft(id, { text: '', scope });
      await navigate({ to: '/chat/$conversationId', params: { conversationId: id }, replace: true });
    },
    [navigate],
  );
  const send = (question: string, scope: Scope) => {
    changeDraft({ text: '', scope });
    if (conversationId === undefined) void start(question, scope);
    else thread.ask(question, scope);
    requestAnimationFrame(toEnd);
  };

  useEffect(() => {
    // a first question that was stopped or failed is over once its page was left
    if (conversationId === undefined) forgetFinished();
  }, [conversationId]);

  const asked = useRef(false);
  useEffect(() => {
    if (firstQuestion === undefined || asked.current) return;
    asked.current = true;
    void start(firstQuestion, firstScope ?? EVERYTHING);
  }, [firstQuestion, firstScope, start]);

  // the functions stay the same for all turns and see what is current
  const latest = useRef({ thread, draft, send, changeDraft });
  latest.current = { thread, draft, send, changeDraft };
  const actions = useMemo<TurnActions>(() => {
    const again = (turnKey: string, question: string, scope?: Scope) => {
      const { thread: now, draft: written } = latest.current;
      const turn = now.turns.find(({ key }) => key === turnKey);
      if (turn === undefined) return;
      const where = scope ?? turn.asked?.scope ?? written.scope;
      if (conversationId === undefined) {
        forget(undefined, new Set([turnKey]));
        void start(question, where);
      } else void now.askInstead(turn, question, where);
      requestAnimationFrame(toEnd);
    };
    return {
      open: (next) => {
        opener.current = document.activeElement;
        setPassage({ ...next });
      },
      resend: (turnKey, question) => again(turnKey, question),
      rephrase: (question) => {
        latest.current.changeDraft({ ...latest.current.draft, text: question });
        setFocusTurn((n) => n + 1);
      },
      widen: (turnKey, question) => {
        latest.current.changeDraft({ ...latest.current.draft, scope: EVERYTHING });
        again(turnKey, question, EVERYTHING);
      },
    };
  }, [conversationId, start, toEnd]);

  const found = message !== undefined && turns.length > 0;
  useEffect(() => {
    if (!found) return;
    letGo();
    const turn = content.current?.querySelector(
      `[data-question="${CSS.escape(message)}"],[data-answer="${CSS.escape(message)}"]`,
    );
    turn?.scrollIntoView({ block: 'center' });
  }, [found, message, letGo]);

  const close = () => {
    setPassage(undefined);
    if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true });
  };

  return (
    <div className="flex h-full min-h-0">
      <div className="flex min-w-0 flex-1 flex-col">
        {header}
        <div className="relative min-h-0 flex-1">
          <div ref={scroller} className="h-full overflow-y-auto px-4 sm:px-6">
            <div ref={content} className="mx-auto flex min-h-full max-w-3xl flex-col pb-4">
              {thread.isLoading ? (
                <WaitingThread />
              ) : thread.error !== null && turns.length === 0 ? (
                <ErrorState error={thread.error} onRetry={thread.reload} />
              ) : turns.length === 0 ? (
                <EmptyChat onAsk={send} />
              ) : (
                <ol aria-label={text.chat.conversation} className="flex flex-col gap-2 pt-4">
                  {turns.map(({ key, question, answer, asked: exchange }, i) => (
                    <TurnView
                      key={key}
                      turnKey={key}
                      conversationId={conversationId}
                      question={question}
                      answer={answer}
                      asked={exchange}
                      toEnd={turns.length - i}
                      busy={running}
                      narrow={draft.scope.kind !== 'everything'}
                      highlighted={
                        message !== undefined && (question?.id === message || answer?.id === message)
                      }
                      actions={actions}
                    />
                  ))}
                </ol>
              )}
            </div>
          </div>
          {away && turns.length > 0 ? (
            <Button
              size="sm"
              icon={<ArrowDown className="size-4" />}
              onClick={toEnd}
              className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full shadow-high"
            >
              {text.chat.jump}
            </Button>
          ) : null}
        </div>
        <div className="px-3 pt-1 pb-3 sm:px-6 sm:pb-5">
          <Composer
            draft={draft}
            onDraft={changeDraft}
            running={running}
            onSend={(question) => send(question, draft.scope)}
            onStop={() => stop(conversationId)}
            focusTurn={focusTurn}
          />
        </div>
        <FinishedAnswer turns={turns} />
      </div>
      {passage === undefined ? null : <SourcePane passage={passage} beside={beside} onClose={close} />}
    </div>
  );
}

/** Reads out an answer once it is there, and not word by word. */
function FinishedAnswer({ turns }: Pick<ReturnType<typeof useThread>, 'turns'>) {
  const last = turns.at(-1);
  const asked = last?.asked;
  const state = last === undefined || asked === undefined ? undefined : answerState(last.answer, asked);
  const done = state !== undefined && (state.status === 'answered' || state.status === 'refused');
  return (
    <div role="status" className="sr-only">
      {done ? `${text.chat.ready} ${state.text}` : ''}
    </div>
  );
}

const WaitingThread = () => (
  <Loading>
    <div className="flex flex-col gap-4 pt-8">
      <Skeleton className="ml-auto h-10 w-2/3" />
      <Skeleton className="h-4" />
      <Skeleton className="h-4" />
      <Skeleton className="h-4 w-3/4" />
    </div>
  </Loading>
);
