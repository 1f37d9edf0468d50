import { queryOptions } from '@tanstack/react-query';
import type { Collection, Member } from '../../contract/collections.ts';
import type { ListPage } from '../../contract/common.ts';
import { change, read } from '../client/http.ts';

const at = (id: string) => `/api/v1/collections/${encodeURIComponent(id)}`;
export const collectionKeys = { all: ['collections'] as const };

/** All that the person sees, own and shared. */
export const collectionsQuery = () =>
  queryOptions({
    queryKey: [...collectionKeys.all, 'list'],
    queryFn: async ({ signal }) => {
      const all: Collection[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await read<ListPage<Collection>>('/api/v1/collections', { limit: 200, cursor }, signal);
        all.push(...page.items);
        if (page.nextCursor === null) return all;
        cursor = page.nextCursor;
      }
    },
  });

export const membersQuery = (id: string) =>
  queryOptions({
    queryKey: [...collectionKeys.all, id, 'members'],
    queryFn: async ({ signal }) =>
      (await read<ListPage<Member>>(`${at(id)}/members`, { limit: 200 }, signal)).items,
  });

export const createCollection = (name: string) =>
  change<Collection>('POST', '/api/v1/collections', { name }, { retry: true });
export const renameCollection = (id: string, name: string) =>
  change<Collection>('PATCH', at(id), { name }, { retry: true });
export const deleteCollection = (id: string) => change('DELETE', at(id), undefined, { retry: true });
export const shareCollection = (id: string, email: string, role: 'viewer' | 'editor') =>
  change('PUT', `${at(id)}/members`, { email, role }, { retry: true });
export const unshareCollection = (id: string, userId: string) =>
  change('DELETE', `${at(id)}/members/${encodeURIComponent(userId)}`, undefined, { retry: true });
