import type { Answer, Citation } from '../../../contract/query.ts';
import { isAbort, ProblemError, UnreachableError } from '../../client/problem.ts';
import { queryClient } from '../../client/query-client.ts';
import { session } from '../../client/session.ts';
import { createStore, type Store } from '../../client/store.ts';
import { ask } from '../../data/ask.ts';
import { conversationKeys, createConversation, messagesQuery } from '../../data/conversations.ts';
import { conversationTitle } from './conversation-title.ts';
import { afterNextPaint } from './next-paint.ts';
import { filtersOf, type Scope } from './scope.ts';

/** A question asked in this tab, and its answer as far as it came. */
export interface Exchange {
  readonly key: string;
  /** The message that it follows; null at the start of a conversation. */
  readonly after: string | null;
  readonly question: string;
  readonly scope: Scope;
  readonly status: 'waiting' | 'writing' | 'done' | 'stopped' | 'failed';
  readonly text: string;
  readonly sources: Answer['sources'];
  readonly citations: readonly Citation[];
  /** Once it is done. */
  readonly answer?: Answer;
  readonly error?: unknown;
  /** From sending until the first words were on the screen. */
  readonly firstWordMs?: number;
  /** From sending until the last words were on the screen. */
  readonly tookMs?: number;
}

/** The exchanges of conversations outlive the views: an answer goes on while the person looks elsewhere. */
const stores = new Map<string, Store<readonly Exchange[]>>();
const running = new Map<string, AbortController>();
const NEW = 'new';
const NONE: readonly Exchange[] = [];
const FRAME_MS = 16;
let lastKey = 0;

export function exchangesOf(conversationId: string | undefined): Store<readonly Exchange[]> {
  const id = conversationId ?? NEW;
  let store = stores.get(id);
  if (store === undefined) {
    store = createStore(NONE);
    stores.set(id, store);
  }
  return store;
}

export const isRunning = ({ status }: Exchange): boolean => status === 'waiting' || status === 'writing';

const begun = (question: string, scope: Scope, after: string | null): Exchange => ({
  key: `asked-${++lastKey}`,
  after,
  question,
  scope,
  status: 'waiting',
  text: '',
  sources: [],
  citations: [],
});

function update(store: Store<readonly Exchange[]>, key: string, change: Partial<Exchange>): void {
  store.set(store.get().map((each) => (each.key === key ? { ...each, ...change } : each)));
}

/** Asks in a conversation that is there. @param after the last message so far */
export function askIn(conversationId: string, question: string, scope: Scope, after: string | null): void {
  const store = exchangesOf(conversationId);
  const exchange = begun(question, scope, after);
  store.set([...store.get(), exchange]);
  void run(conversationId, exchange, performance.now());
}

/** Makes the conversation that the question begins, and asks. The first look at the answer may come before it resolves. */
export async function askFirst(question: string, scope: Scope): Promise<string | undefined> {
  const sentAt = performance.now();
  const waiting = exchangesOf(undefined);
  const exchange = begun(question, scope, null);
  waiting.set([exchange]);
  try {
    const conversation = await createConversation(conversationTitle(question));
    // given up meanwhile
    if (!waiting.get().includes(exchange)) return undefined;
    queryClient.setQueryData([...conversationKeys.all, conversation.id], conversation);
    queryClient.setQueryData(conversationKeys.messages(conversation.id), []);
    exchangesOf(conversation.id).set([exchange]);
    waiting.set(NONE);
    void run(conversation.id, exchange, sentAt);
    void queryClient.invalidateQueries({ queryKey: [...conversationKeys.all, 'list'] });
    return conversation.id;
  } catch (error) {
    update(waiting, exchange.key, { status: 'failed', error });
    return undefined;
  }
}

async function run(
  conversationId: string,
  { key, question, scope }: Exchange,
  sentAt: number,
): Promise<void> {
  const store = exchangesOf(conversationId);
  running.get(conversationId)?.abort();
  const stop = new AbortController();
  running.set(conversationId, stop);
  const filters = filtersOf(scope);
  let words = '';
  let citations: readonly Citation[] = [];
  let drawing: ReturnType<typeof setTimeout> | undefined;
  /** Words that come faster than the screen is drawn are drawn together. */
  const draw = () => {
    drawing = undefined;
    update(store, key, { status: 'writing', text: words, citations });
  };
  try {
    const events = ask(
      { query: question, conversationId, ...(filters === undefined ? {} : { filters }) },
      stop.signal,
    );
    for await (const event of events) {
      switch (event.type) {
        case 'sources':
          update(store, key, { sources: event.sources });
          break;
        case 'token':
          words += event.text;
          if (words === event.text) {
            draw();
            // on the screen before what came along with them is drawn: an answer may come in one piece
            await new Promise<void>((goOn) => {
              afterNextPaint((at) => {
                update(store, key, { firstWordMs: at - sentAt });
                goOn();
              });
            });
          } else drawing ??= setTimeout(draw, FRAME_MS);
          break;
        case 'citation':
          citations = [...citations, event.citation];
          break;
        case 'done':
          clearTimeout(drawing);
          update(store, key, {
            status: 'done',
            answer: event.answer,
            text: event.answer.answer,
            citations: event.answer.citations,
            sources: event.answer.sources,
          });
          afterNextPaint((at) => update(store, key, { tookMs: at - sentAt }));
          return;
        default:
          event satisfies never;
      }
    }
    throw new UnreachableError('the stream ended early');
  } catch (error) {
    clearTimeout(drawing);
    const kept = { text: words, citations };
    if (stop.signal.aborted || isAbort(error)) update(store, key, { status: 'stopped', ...kept });
    else {
      const known = error instanceof ProblemError ? error : new UnreachableError(error);
      update(store, key, { status: 'failed', error: known, ...kept });
    }
  } finally {
    if (running.get(conversationId) === stop) running.delete(conversationId);
    // what the server kept of it has ids, which feedback and editing need
    await queryClient.fetchQuery({ ...messagesQuery(conversationId), staleTime: 0 }).catch(() => undefined);
    void queryClient.invalidateQueries({ queryKey: [...conversationKeys.all, 'list'] });
    void queryClient.invalidateQueries({ queryKey: ['dashboard'] });
  }
}

/** What came stays. */
export function stop(conversationId: string | undefined): void {
  if (conversationId !== undefined) running.get(conversationId)?.abort();
  else {
    const waiting = exchangesOf(undefined);
    waiting.set(waiting.get().map((each) => (isRunning(each) ? { ...each, status: 'stopped' } : each)));
  }
}

/** Of questions that are taken back or asked anew. */
export function forget(conversationId: string | undefined, keys: ReadonlySet<string>): void {
  const store = exchangesOf(conversationId);
  store.set(store.get().filter(({ key }) => !keys.has(key)));
}

/** Of first questions that never got a conversation. */
export function forgetFinished(): void {
  const waiting = exchangesOf(undefined);
  waiting.set(waiting.get().filter(isRunning));
}

/** Nothing of one person is left for the next. */
session.subscribe(() => {
  if (session.get().status !== 'signed-out') return;
  for (const controller of running.values()) controller.abort();
  for (const store of stores.values()) store.set(NONE);
});
