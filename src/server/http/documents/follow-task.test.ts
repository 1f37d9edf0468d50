import { expect, test } from 'vitest';
import type { Task } from '../../../contract/tasks.ts';
import { type FollowedTask, followTask } from './follow-task.ts';

const task = (status: Task['status'], done = 0): Task => ({
  id: 't',
  kind: 'ingest',
  status,
  progress: { done, failed: 0, total: 3 },
  items: [],
  createdAt: '2026-01-01T00:00:00.000Z',
  finishedAt: null,
});

/** A task that changes by hand. */
function staged(initial: Task | undefined) {
  const controller = new AbortController();
  const listeners = new Set<() => void>();
  let reads = 0;
  let current = initial;
  const followed: FollowedTask = {
    read: async () => {
      reads++;
      return current;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    signal: controller.signal,
    minIntervalMs: 0,
    maxIntervalMs: 3_600_000,
  };
  return {
    followed,
    controller,
    listeners,
    reads: () => reads,
    become(next: Task | undefined) {
      current = next;
      for (const listener of listeners) listener();
    },
  };
}

test('the present state comes first, then each change, then the end', async () => {
  const stage = staged(task('queued'));
  const events = followTask(stage.followed);
  expect((await events.next()).value).toEqual({ event: 'progress', id: '1', data: task('queued') });
  const second = events.next();
  stage.become(task('processing', 1));
  expect((await second).value).toMatchObject({ event: 'progress', id: '2', data: { progress: { done: 1 } } });
  const third = events.next();
  stage.become(task('completed', 3));
  expect((await third).value).toMatchObject({ event: 'progress', id: '3' });
  expect((await events.next()).value).toMatchObject({
    event: 'done',
    id: '4-done',
    data: { status: 'completed' },
  });
  expect((await events.next()).done).toBe(true);
  expect(stage.listeners.size).toBe(0);
});

test('a stream that is taken up again goes on counting and shows the present state', async () => {
  const stage = staged(task('partial', 2));
  const events = followTask({ ...stage.followed, lastEventId: '7' });
  expect((await events.next()).value).toMatchObject({ event: 'progress', id: '8' });
  expect((await events.next()).value).toMatchObject({ event: 'done', id: '9-done' });
});

test('many changes while nobody reads make one event', async () => {
  const stage = staged(task('queued'));
  const events = followTask(stage.followed);
  await events.next();
  const next = events.next();
  for (let done = 0; done < 100; done++) stage.become(task('processing', done));
  expect((await next).value).toMatchObject({ data: { progress: { done: 99 } } });
  expect(stage.reads()).toBe(2);
});

test('a message without a change makes no event', async () => {
  const stage = staged(task('processing'));
  const events = followTask(stage.followed);
  await events.next();
  const next = events.next();
  stage.become(task('processing'));
  while (stage.reads() < 2) await new Promise(setImmediate);
  stage.become(task('completed'));
  expect((await next).value).toMatchObject({ id: '2', data: { status: 'completed' } });
});

test('a lost message only delays: the task is read again after a while', async () => {
  const stage = staged(task('processing'));
  const events = followTask({ ...stage.followed, subscribe: () => () => {}, maxIntervalMs: 1 });
  await events.next();
  stage.become(task('completed'));
  expect((await events.next()).value).toMatchObject({ data: { status: 'completed' } });
});

test('following ends when the client leaves and when the task is gone', async () => {
  const left = staged(task('queued'));
  const events = followTask(left.followed);
  await events.next();
  const next = events.next();
  left.controller.abort();
  expect((await next).done).toBe(true);
  expect(left.listeners.size).toBe(0);
  const gone = staged(undefined);
  expect((await followTask(gone.followed).next()).done).toBe(true);
});
