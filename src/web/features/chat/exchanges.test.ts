import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { AnswerEvent } from '../../../contract/query.ts';

const asks: { emit: (event: AnswerEvent) => void; end: () => void; signal: AbortSignal }[] = [];

vi.mock('../../client/session.ts', () => ({
  session: { get: () => ({}), subscribe: () => () => undefined },
}));
vi.mock('../../client/query-client.ts', () => ({
  queryClient: {
    fetchQuery: async () => [],
    invalidateQueries: async () => undefined,
    setQueryData: () => undefined,
  },
}));
vi.mock('../../data/conversations.ts', () => ({
  conversationKeys: { all: ['conversations'], messages: (id: string) => ['conversations', id, 'messages'] },
  messagesQuery: () => ({}),
  createConversation: async (title: string) => ({ id: `made-${title}`, title }),
}));
vi.mock('./next-paint.ts', () => ({
  afterNextPaint: (then: (at: number) => void) => then(performance.now()),
}));
vi.mock('../../data/ask.ts', () => ({
  async *ask(_question: unknown, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
    const line: (AnswerEvent | undefined)[] = [];
    let wake: () => void = () => undefined;
    asks.push({
      emit: (event) => {
        line.push(event);
        wake();
      },
      end: () => {
        line.push(undefined);
        wake();
      },
      signal,
    });
    signal.addEventListener('abort', () => wake());
    for (;;) {
      signal.throwIfAborted();
      while (line.length > 0) {
        const event = line.shift();
        if (event === undefined) return;
        yield event;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  },
}));

const { askFirst, askIn, exchangesOf, isRunning, stop } = await import('./exchanges.ts');
const everything = { kind: 'everything' } as const;
const done: AnswerEvent = {
  type: 'done',
  answer: {
    id: 'a',
    answer: 'It is so. [1]',
    answered: true,
    citations: [],
    sources: [],
    model: 'extractive',
    cached: false,
    usage: { promptTokens: 0, completionTokens: 0, costUsd: 0 },
    timings: { embedMs: 0, vectorMs: 0, keywordMs: 0, rerankMs: 0, generateMs: 0, totalMs: 1 },
  },
};
const last = (id: string) => exchangesOf(id).get().at(-1);
const current = () => {
  const ask = asks.at(-1);
  if (ask === undefined) throw new Error('nothing was asked');
  return ask;
};

beforeEach(() => {
  asks.length = 0;
});

describe('a question in a conversation', () => {
  test('goes from waiting over writing to done, and late drawing does not undo the end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    askIn('one', 'Is it?', everything, null);
    expect(last('one')?.status).toBe('waiting');
    current().emit({ type: 'token', text: 'It ' });
    await vi.waitFor(() => expect(last('one')?.text).toBe('It '));
    expect(last('one')).toMatchObject({ status: 'writing', firstWordMs: expect.any(Number) });
    // more words wait for the next frame when the end comes
    current().emit({ type: 'token', text: 'is' });
    current().emit(done);
    await vi.waitFor(() => expect(last('one')?.status).toBe('done'));
    await vi.waitFor(() => expect(last('one')?.tookMs).toBeGreaterThan(0));
    await vi.advanceTimersByTimeAsync(100);
    vi.useRealTimers();
    expect(last('one')).toMatchObject({ status: 'done', text: 'It is so. [1]' });
  });

  test('that is stopped keeps what came', async () => {
    askIn('two', 'Is it?', everything, null);
    current().emit({ type: 'token', text: 'It is' });
    await vi.waitFor(() => expect(last('two')?.text).toBe('It is'));
    stop('two');
    await vi.waitFor(() => expect(last('two')).toMatchObject({ status: 'stopped', text: 'It is' }));
    expect(current().signal.aborted).toBe(true);
  });

  test('whose stream ends early has failed', async () => {
    askIn('three', 'Is it?', everything, null);
    current().end();
    await vi.waitFor(() => expect(last('three')?.status).toBe('failed'));
  });
});

test('the first question makes the conversation and goes on in it', async () => {
  const id = await askFirst('How much is it?', everything);
  expect(id).toBe('made-How much is it?');
  expect(exchangesOf(undefined).get()).toEqual([]);
  const exchange = last(id as string);
  expect(exchange?.question).toBe('How much is it?');
  expect(exchange !== undefined && isRunning(exchange)).toBe(true);
  current().emit(done);
  await vi.waitFor(() => expect(last(id as string)?.status).toBe('done'));
});

test('a first question that is stopped before its conversation is there is not asked', async () => {
  const asking = askFirst('Never mind?', everything);
  stop(undefined);
  expect(await asking).toBeUndefined();
  expect(asks).toEqual([]);
  expect(exchangesOf(undefined).get()[0]?.status).toBe('stopped');
});
