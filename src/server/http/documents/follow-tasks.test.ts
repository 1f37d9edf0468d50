import { expect, test } from 'vitest';
import type { Task } from '../../../contract/tasks.ts';
import { type FollowedTasks, followTasks } from './follow-tasks.ts';

/** A user's tasks that change by hand. */
function staged() {
  const tasks = new Map<string, Task>();
  const listeners = new Set<(id: string) => void>();
  const controller = new AbortController();
  const asked: Date[] = [];
  const ids = (wanted: (task: Task) => boolean) => [...tasks.values()].filter(wanted).map(({ id }) => id);
  const followed: FollowedTasks = {
    active: async () => ids(({ finishedAt }) => finishedAt === null),
    endedSince: async (at) => {
      asked.push(at);
      return ids(({ finishedAt }) => finishedAt !== null && new Date(finishedAt) >= at);
    },
    read: async (id) => tasks.get(id),
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
    asked,
    become(id: string, status: Task['status'], tell = true) {
      const active = status === 'queued' || status === 'processing';
      tasks.set(id, {
        id,
        kind: 'ingest',
        status,
        progress: { done: 0, failed: 0, total: 1 },
        items: [],
        createdAt: '2026-01-01T00:00:00.000Z',
        finishedAt: active ? null : new Date().toISOString(),
      });
      if (tell) for (const listener of listeners) listener(id);
    },
  };
}
const told = ({ value }: { value?: unknown }) => {
  const { event, data } = value as { event: string; data: Task };
  return `${event} ${data.id}`;
};

test('changes that come while an earlier one is passed on are all told, each once', async () => {
  const stage = staged();
  const events = followTasks(stage.followed);
  expect((await events.next()).value).toMatchObject({ event: 'tasks', data: { tasks: [] } });
  stage.become('a', 'queued');
  expect(told(await events.next())).toBe('progress a');
  for (const id of ['a', 'b', 'b', 'c']) stage.become(id, 'processing');
  stage.become('c', 'completed');
  expect([await events.next(), await events.next(), await events.next()].map(told)).toEqual([
    'progress a',
    'progress b',
    'done c',
  ]);
  stage.controller.abort();
  expect((await events.next()).done).toBe(true);
  expect(stage.listeners.size).toBe(0);
});

test('who leaves between two ends is told of the second when it comes back', async () => {
  const stage = staged();
  for (const id of ['a', 'b']) stage.become(id, 'processing');
  const before = followTasks(stage.followed);
  await before.next();
  for (const id of ['a', 'b']) stage.become(id, 'completed');
  const first = await before.next();
  expect(told(first)).toBe('done a');
  await before.return(undefined);
  const lastEventId = (first.value as { id: string }).id;
  const after = followTasks({ ...stage.followed, lastEventId });
  expect((await after.next()).value).toMatchObject({ event: 'tasks', data: { tasks: [] } });
  expect([await after.next(), await after.next()].map(told)).toContain('done b');
  await after.return(undefined);
});

test('an id that is no time of these events asks for nothing old', async () => {
  for (const lastEventId of ['', 'x', '0', '-5', '99999999999999999', '12']) {
    const stage = staged();
    const events = followTasks({ ...stage.followed, lastEventId });
    await events.next();
    const next = events.next();
    stage.become('a', 'queued');
    expect(told(await next)).toBe('progress a');
    expect(stage.asked).toEqual([]);
    await events.return(undefined);
  }
});

test('a change without a message is noticed all the same', async () => {
  const stage = staged();
  stage.become('a', 'queued');
  const events = followTasks({ ...stage.followed, maxIntervalMs: 1 });
  await events.next();
  const next = events.next();
  stage.become('b', 'queued', false);
  expect(told(await next)).toBe('progress b');
  stage.become('a', 'completed', false);
  expect(told(await events.next())).toBe('done a');
  await events.return(undefined);
});

test('a reader that leaves while nothing happens ends the stream', async () => {
  const stage = staged();
  const events = followTasks(stage.followed);
  await events.next();
  const next = events.next();
  stage.controller.abort();
  expect((await next).done).toBe(true);
});
