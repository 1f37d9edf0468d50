import { z } from 'zod';
import { id, listOf } from '../../../contract/common.ts';
import { type Task, task, tasksQuery } from '../../../contract/tasks.ts';
import { AppError } from '../../errors.ts';
import {
  activeTasks,
  cancelTask,
  cancelTaskItem,
  listTasks,
  readTask,
  tasksEndedSince,
} from '../../records/tasks.ts';
import type { App } from '../app-types.ts';
import { DONE, followTask } from '../documents/follow-task.ts';
import { followTasks } from '../documents/follow-tasks.ts';
import { createTaskWatch } from '../documents/task-watch.ts';
import type { Services } from '../services.ts';
import { sendEvents } from '../sse.ts';
import { createStreamLimit } from '../stream-limit.ts';

const params = z.object({ id });
const itemParams = z.object({ id, documentId: id });

/** HEAD would open a stream that nobody reads or closes. */
const STREAM = { config: { access: 'read' }, exposeHeadRoute: false } as const;

/** Tasks that a stream of all of them begins with. */
const MOST_ACTIVE = 100;

export function registerTaskRoutes(app: App, { db, queue, events, replicas }: Services): void {
  const takePlace = createStreamLimit();
  const watch = createTaskWatch({ db, events });

  const needTask = async (taskId: string, userId: string): Promise<Task> => {
    const found = await readTask(db, taskId, userId);
    if (found === undefined) throw new AppError('NOT_FOUND', 'There is no such task.');
    return found;
  };

  /** For a stream: who is told of a change looks at the documents next. */
  const readToTell = async (taskId: string, userId: string): Promise<Task | undefined> => {
    const found = await readTask(db, taskId, userId);
    if (found !== undefined) await replicas?.told(userId);
    return found;
  };

  app.get(
    '/api/v1/tasks',
    { config: { access: 'read' }, schema: { querystring: tasksQuery, response: { 200: listOf(task) } } },
    ({ caller, query: { active, ...page } }) =>
      listTasks(db, caller.userId, { ...page, active: active === undefined ? undefined : active === 'true' }),
  );

  app.get(
    '/api/v1/tasks/:id',
    { config: { access: 'read' }, schema: { params, response: { 200: task } } },
    (request) => needTask(request.params.id, request.caller.userId),
  );

  app.get('/api/v1/tasks/:id/events', { ...STREAM, schema: { params } }, async (request, reply) => {
    const { userId } = request.caller;
    const taskId = request.params.id;
    await needTask(taskId, userId);
    const lastEventId = [request.headers['last-event-id'] ?? ''].flat()[0];
    // tells an EventSource that comes back after the end to stay away
    if (lastEventId?.endsWith(DONE)) return reply.code(204).send();
    const leave = takePlace(userId);
    return sendEvents(reply, async function* (gone) {
      try {
        yield* followTask({
          read: () => readToTell(taskId, userId),
          subscribe: (onChange) => events.subscribe('task', (id) => id === taskId && onChange()),
          lastEventId,
          signal: AbortSignal.any([gone, app.draining]),
        });
      } finally {
        leave();
      }
    });
  });

  app.get('/api/v1/events', STREAM, async (request, reply) => {
    const { userId } = request.caller;
    const leave = takePlace(userId);
    return sendEvents(reply, async function* (gone) {
      try {
        yield* followTasks({
          active: () => activeTasks(db, userId, MOST_ACTIVE),
          endedSince: (at) => tasksEndedSince(db, userId, at),
          read: (taskId) => readToTell(taskId, userId),
          subscribe: (onChange) => watch.subscribe(userId, onChange),
          lastEventId: [request.headers['last-event-id'] ?? ''].flat()[0],
          signal: AbortSignal.any([gone, app.draining]),
        });
      } finally {
        leave();
      }
    });
  });

  app.delete(
    '/api/v1/tasks/:id',
    { config: { access: 'write' }, schema: { params, response: { 200: task } } },
    async (request) => {
      const { userId } = request.caller;
      await needTask(request.params.id, userId);
      await cancelTask(db, queue, events, request.params.id);
      return needTask(request.params.id, userId);
    },
  );

  app.delete(
    '/api/v1/tasks/:id/items/:documentId',
    { config: { access: 'write' }, schema: { params: itemParams, response: { 200: task } } },
    async (request) => {
      const { userId } = request.caller;
      const { id: taskId, documentId } = request.params;
      await needTask(taskId, userId);
      await cancelTaskItem(db, queue, events, taskId, documentId);
      return needTask(taskId, userId);
    },
  );
}
