import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type { Message } from '../../../contract/conversations.ts';
import { conversationKeys, deleteMessagesFrom, messagesQuery } from '../../data/conversations.ts';
import * as text from '../../text/text.ts';
import { toastError } from '../../ui/toast.tsx';
import { askIn, exchangesOf, forget, isRunning } from './exchanges.ts';
import type { Scope } from './scope.ts';
import { type Turn, threadOf } from './thread.ts';

const NO_MESSAGES: readonly Message[] = [];

interface Thread {
  readonly turns: readonly Turn[];
  readonly running: boolean;
  readonly isLoading: boolean;
  readonly error: unknown;
  readonly reload: () => void;
  /** Asks at the end. */
  ask(question: string, scope: Scope): void;
  /** Takes a turn back, and of one that was kept all after it too, and asks this in its place. */
  askInstead(turn: Turn, question: string, scope: Scope): Promise<void>;
}

/** A conversation as it is shown: what the server kept and what is going on in this tab. */
export function useThread(conversationId: string | undefined): Thread {
  const queries = useQueryClient();
  const kept = useQuery({ ...messagesQuery(conversationId ?? ''), enabled: conversationId !== undefined });
  const store = exchangesOf(conversationId);
  const asked = useSyncExternalStore(store.subscribe, store.get);
  const messages = kept.data ?? NO_MESSAGES;
  const turns = useMemo(() => threadOf(messages, asked), [messages, asked]);
  const running = asked.some(isRunning);

  const ask = useCallback(
    (question: string, scope: Scope) => {
      if (conversationId === undefined) return;
      const last = queries.getQueryData<Message[]>(conversationKeys.messages(conversationId))?.at(-1);
      askIn(conversationId, question, scope, last?.id ?? null);
    },
    [conversationId, queries],
  );
  const askInstead = useCallback(
    async (turn: Turn, question: string, scope: Scope) => {
      if (conversationId === undefined) return;
      const key = conversationKeys.messages(conversationId);
      const firstKept = turn.question ?? turn.answer;
      // a turn that only this tab knows takes nothing along
      const gone =
        firstKept === undefined ? [turn] : turns.slice(turns.findIndex(({ key: own }) => own === turn.key));
      const before = queries.getQueryData<Message[]>(key) ?? [];
      if (firstKept !== undefined) {
        await queries.cancelQueries({ queryKey: key });
        queries.setQueryData<Message[]>(
          key,
          before.slice(
            0,
            before.findIndex(({ id }) => id === firstKept.id),
          ),
        );
        try {
          await deleteMessagesFrom(conversationId, firstKept.id);
        } catch (error) {
          queries.setQueryData(key, before);
          toastError(error, text.chat.removeFault);
          return;
        }
      }
      forget(conversationId, new Set(gone.map((each) => each.key)));
      ask(question, scope);
    },
    [conversationId, queries, turns, ask],
  );
  return {
    turns,
    running,
    isLoading: conversationId !== undefined && kept.isPending && asked.length === 0,
    error: kept.error,
    reload: () => void kept.refetch(),
    ask,
    askInstead,
  };
}
