import { queryOptions } from '@tanstack/react-query';
import type { ListPage } from '../../contract/common.ts';
import type { Task } from '../../contract/tasks.ts';
import { change, read } from '../client/http.ts';

const at = (id: string) => `/api/v1/tasks/${encodeURIComponent(id)}`;

/** Kept up to date by `client/live.ts`. */
export const activeTasksQuery = () =>
  queryOptions({
    queryKey: ['tasks', 'active'],
    queryFn: async ({ signal }) =>
      (await read<ListPage<Task>>('/api/v1/tasks', { active: true, limit: 50 }, signal)).items,
  });

export const cancelTaskItem = (id: string, documentId: string) =>
  change<Task>('DELETE', `${at(id)}/items/${encodeURIComponent(documentId)}`, undefined, { retry: true });
