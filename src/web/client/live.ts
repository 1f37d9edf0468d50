import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { ListPage } from '../../contract/common.ts';
import type { Document } from '../../contract/documents.ts';
import type { Task, TaskItem } from '../../contract/tasks.ts';
import { wait, waitBeforeRetryMs } from './backoff.ts';
import { send } from './http.ts';
import { serverSentEvents } from './server-sent-events.ts';

const ACTIVE = ['tasks', 'active'];
const listeners = new Set<(task: Task) => void>();

/** Told of every change of every task of the person, the last one included. */
export function onTask(listener: (task: Task) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Follows the person's tasks over one stream and writes them into the query cache: the tasks that are active, and
 * stage and status of the documents that they work on. Comes back by itself where it broke off.
 *
 * @returns stops it
 */
export function startLive(queries: QueryClient): () => void {
  const stop = new AbortController();
  void follow(queries, stop.signal).catch(() => undefined);
  return () => stop.abort();
}

async function follow(queries: QueryClient, signal: AbortSignal): Promise<void> {
  let lastEventId: string | undefined;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const headers: Record<string, string> = { accept: 'text/event-stream' };
      if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
      const { body } = await send('/api/v1/events', { headers, signal, retry: false });
      if (body !== null)
        for await (const { event, data, id } of serverSentEvents(body)) {
          attempt = 0;
          lastEventId = id ?? lastEventId;
          take(queries, event, JSON.parse(data));
        }
    } catch {
      // whatever it was, the next try tells
    }
    await wait(waitBeforeRetryMs(Math.max(1, attempt)) ?? 0, signal);
  }
}

function take(queries: QueryClient, event: string, data: unknown): void {
  if (event === 'tasks') {
    const { tasks } = data as { tasks: Task[] };
    queries.setQueryData(ACTIVE, tasks);
    for (const task of tasks) told(queries, task);
  } else if (event === 'progress' || event === 'done') {
    const task = data as Task;
    const active = queries.getQueryData<Task[]>(ACTIVE) ?? [];
    const others = active.filter(({ id }) => id !== task.id);
    queries.setQueryData(ACTIVE, event === 'done' ? others : [task, ...others].sort(newestFirst));
    told(queries, task);
    if (event === 'done') refreshSoon(queries);
  }
}

const newestFirst = (a: Task, b: Task) => (a.id < b.id ? 1 : -1);

function told(queries: QueryClient, task: Task): void {
  queries.setQueryData(['tasks', 'one', task.id], task);
  const items = new Map(task.items.map((item) => [item.documentId, item]));
  queries.setQueriesData<InfiniteData<ListPage<Document>>>({ queryKey: ['documents', 'list'] }, (list) =>
    list === undefined ? list : withItems(list, task.id, items),
  );
  for (const item of task.items)
    queries.setQueryData<Document>(['documents', 'one', item.documentId], (document) =>
      document === undefined ? document : withItem(document, task.id, item),
    );
  for (const listener of [...listeners]) listener(task);
}

/** The same object where nothing changed, so that only rows that did are drawn again. */
export function withItems(
  list: InfiniteData<ListPage<Document>>,
  taskId: string,
  items: ReadonlyMap<string, TaskItem>,
): InfiniteData<ListPage<Document>> {
  let changed = false;
  const pages = list.pages.map((page) => {
    if (!page.items.some(({ id }) => items.has(id))) return page;
    const next = page.items.map((document) => {
      const item = items.get(document.id);
      return item === undefined ? document : withItem(document, taskId, item);
    });
    if (next.every((document, i) => document === page.items[i])) return page;
    changed = true;
    return { ...page, items: next };
  });
  return changed ? { ...list, pages } : list;
}

/** What a task's item says of its document. */
export function withItem(document: Document, taskId: string, item: TaskItem): Document {
  const { error: _, progress, ...rest } = document;
  switch (item.status) {
    case 'queued':
    case 'processing': {
      if (progress?.stage === item.stage && progress.percent === item.percent && progress.taskId === taskId)
        return document;
      // a document that is read again stays ready meanwhile
      const status = document.status === 'ready' ? 'ready' : statusOf(item.stage);
      return { ...rest, status, progress: { taskId, stage: item.stage, percent: item.percent } };
    }
    case 'completed':
      return document.status === 'ready' && progress === undefined
        ? document
        : { ...rest, status: 'ready', readyAt: document.readyAt ?? new Date().toISOString() };
    case 'failed':
      if (progress === undefined && document.error?.detail === item.error?.detail) return document;
      return item.error === undefined
        ? { ...rest, status: 'failed' }
        : { ...rest, status: 'failed', error: item.error };
    case 'cancelled':
      return progress === undefined
        ? document
        : { ...rest, ...(document.error ? { error: document.error } : {}) };
    default:
      return item.status satisfies never;
  }
}

const statusOf = (stage: string): Document['status'] =>
  stage === 'queued' ? 'queued' : stage === 'embedding' ? 'embedding' : 'parsing';

const REFRESH_MS = 500;
let refreshing = false;

/** Many documents end together: what a task doesn't say (pages, passages, counts) is read once for all of them. */
function refreshSoon(queries: QueryClient): void {
  if (refreshing) return;
  refreshing = true;
  setTimeout(() => {
    refreshing = false;
    for (const queryKey of [['documents'], ['collections'], ['dashboard'], ['me']])
      void queries.invalidateQueries({ queryKey });
  }, REFRESH_MS);
}
