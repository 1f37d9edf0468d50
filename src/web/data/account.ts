import { queryOptions } from '@tanstack/react-query';
import type { ApiKey, Profile, Scope } from '../../contract/auth.ts';
import type { ListPage } from '../../contract/common.ts';
import type { Dashboard } from '../../contract/dashboard.ts';
import type { PublicConfig } from '../../contract/system.ts';
import { change, read } from '../client/http.ts';

export const configQuery = () =>
  queryOptions({
    queryKey: ['config'],
    queryFn: ({ signal }) => read<PublicConfig>('/api/v1/config', undefined, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const dashboardQuery = () =>
  queryOptions({
    queryKey: ['dashboard'],
    queryFn: ({ signal }) => read<Dashboard>('/api/v1/dashboard', undefined, signal),
    staleTime: 5000,
  });

export const profileQuery = () =>
  queryOptions({ queryKey: ['me'], queryFn: ({ signal }) => read<Profile>('/api/v1/me', undefined, signal) });
export const patchProfile = (fields: { name?: string; password?: string; currentPassword?: string }) =>
  change<Profile>('PATCH', '/api/v1/me', fields);
export const deleteAccount = (password: string) => change('DELETE', '/api/v1/me', { password });

export const apiKeysQuery = () =>
  queryOptions({
    queryKey: ['api-keys'],
    queryFn: async ({ signal }) =>
      (await read<ListPage<ApiKey>>('/api/v1/api-keys', { limit: 200 }, signal)).items,
  });
/** `key` is told this once. */
export const createApiKey = (name: string, scopes: readonly Scope[]) =>
  change<ApiKey & { key: string }>('POST', '/api/v1/api-keys', { name, scopes });
export const deleteApiKey = (id: string) =>
  change('DELETE', `/api/v1/api-keys/${encodeURIComponent(id)}`, undefined, { retry: true });
