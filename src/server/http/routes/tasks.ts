import { z } from 'zod';
import { id } from '../../../contract/common.ts';
import { type Task, task } from '../../../contract/tasks.ts';
import { AppError } from '../../errors.ts';
import { cancelTask, cancelTaskItem, readTask } from '../../records/tasks.ts';
import type { App } from '../app-types.ts';
import { DONE, followTask } from '../documents/follow-task.ts';
import type { Services } from '../services.ts';
import { sendEvents } from '../sse.ts';

const params = z.object({ id });
const itemParams = z.object({ id, documentId: id });

/** Tabs of one person, with room for scripts; each stream holds a connection. */
const MAX_STREAMS_PER_USER = 20;

export function registerTaskRoutes(app: App, { db, queue, events }: Services): void {
  const streams = new Map<string, number>();

  const needTask = async (taskId: string, userId: string): Promise<Task> => {
    const found = await readTask(db, taskId, userId);
    if (found === undefined) throw new AppError('NOT_FOUND', 'There is no such task.');
    return found;
  };

  app.get(
    '/api/v1/tasks/:id',
    { config: { access: 'read' }, schema: { params, response: { 200: task } } },
    (request) => needTask(request.params.id, request.caller.userId),
  );

  app.get(
    '/api/v1/tasks/:id/events',
    { config: { access: 'read' }, schema: { params } },
    async (request, reply) => {
      const { userId } = request.caller;
      const taskId = request.params.id;
      await needTask(taskId, userId);
      const lastEventId = [request.headers['last-event-id'] ?? ''].flat()[0];
      // tells an EventSource that comes back after the end to stay away
      if (lastEventId?.endsWith(DONE)) return reply.code(204).send();
      const open = streams.get(userId) ?? 0;
      if (open >= MAX_STREAMS_PER_USER) {
        throw new AppError(
          'RATE_LIMITED',
          `At most ${MAX_STREAMS_PER_USER} tasks can be followed at a time.`,
          {
            retryAfterSeconds: 5,
          },
        );
      }
      streams.set(userId, open + 1);
      return sendEvents(reply, async function* (gone) {
        try {
          yield* followTask({
            read: () => readTask(db, taskId, userId),
            subscribe: (onChange) => events.subscribe('task', (id) => id === taskId && onChange()),
            lastEventId,
            signal: AbortSignal.any([gone, app.draining]),
          });
        } finally {
          const left = (streams.get(userId) ?? 1) - 1;
          if (left > 0) streams.set(userId, left);
          else streams.delete(userId);
        }
      });
    },
  );

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
