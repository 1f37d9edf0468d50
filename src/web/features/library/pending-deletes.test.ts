import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPendingDeletes, type Deleted } from './pending-deletes.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(answer: (ids: readonly string[]) => Promise<Deleted>) {
  const sent: { ids: readonly string[]; keepalive: boolean }[] = [];
  const done: string[] = [];
  const failed: { ids: readonly string[]; reason: unknown }[] = [];
  const deletes = createPendingDeletes({
    delayMs: 6000,
    send: (ids, keepalive) => {
      sent.push({ ids, keepalive });
      return answer(ids);
    },
    onDone: (ids) => done.push(...ids),
    onFailed: (ids, reason) => failed.push({ ids, reason }),
  });
  return { deletes, sent, done, failed, hidden: () => [...deletes.hidden.get()] };
}
const allDone = async (ids: readonly string[]): Promise<Deleted> => ({ done: ids, failed: [] });

test('documents vanish at once, and the request goes when the time to undo is over', async () => {
  const { deletes, sent, done, hidden } = setUp(allDone);
  deletes.remove(['a', 'b']);
  expect(hidden()).toEqual(['a', 'b']);
  await vi.advanceTimersByTimeAsync(5999);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(sent).toEqual([{ ids: ['a', 'b'], keepalive: false }]);
  expect(done).toEqual(['a', 'b']);
  expect(hidden()).toEqual([]);
});

test('an undo brings them back, and nothing is sent', async () => {
  const { deletes, sent, hidden } = setUp(allDone);
  const undo = deletes.remove(['a']);
  deletes.remove(['b']);
  expect(undo()).toBe(true);
  expect(hidden()).toEqual(['b']);
  expect(deletes.undoLatest()).toEqual(['b']);
  expect(deletes.undoLatest()).toBeUndefined();
  await vi.runAllTimersAsync();
  expect(sent).toEqual([]);
});

test('an undo that comes too late says so', async () => {
  const { deletes } = setUp(allDone);
  const undo = deletes.remove(['a']);
  await vi.runAllTimersAsync();
  expect(undo()).toBe(false);
});

test('a failed request brings them back with its reason', async () => {
  const { deletes, failed, hidden } = setUp(() => Promise.reject(new Error('away')));
  deletes.remove(['a']);
  await vi.runAllTimersAsync();
  expect(hidden()).toEqual([]);
  expect(failed).toEqual([{ ids: ['a'], reason: new Error('away') }]);
});

test('what the server kept comes back, the rest is gone', async () => {
  const error = { type: 'x', title: 'Not allowed', detail: 'You may only read it.' };
  const { deletes, done, failed, hidden } = setUp(async () => ({
    done: ['a'],
    failed: [{ documentId: 'b', error }],
  }));
  deletes.remove(['a', 'b']);
  await vi.runAllTimersAsync();
  expect(done).toEqual(['a']);
  expect(failed).toEqual([{ ids: ['b'], reason: error }]);
  expect(hidden()).toEqual([]);
});

test('a page that goes away sends what waits, once', async () => {
  const { deletes, sent } = setUp(allDone);
  deletes.remove(['a']);
  deletes.remove(['b']);
  deletes.flush(true);
  await vi.runAllTimersAsync();
  expect(sent).toEqual([
    { ids: ['a'], keepalive: true },
    { ids: ['b'], keepalive: true },
  ]);
});
