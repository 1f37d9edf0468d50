import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { ListPage } from '../../contract/common.ts';
import type {
  AdminJob,
  AdminUser,
  AuditEntry,
  DetailedHealth,
  PerformanceReport,
  RatedAnswer,
  UsageRow,
} from '../../contract/system.ts';
import { change, read, send } from '../client/http.ts';

const listing = <T>(name: string, query: Readonly<Record<string, string | undefined>> = {}) =>
  infiniteQueryOptions({
    queryKey: ['admin', name, query],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      read<ListPage<T>>(`/api/v1/admin/${name}`, { ...query, limit: 100, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const usersQuery = () => listing<AdminUser>('users');
export const usageQuery = (range: { from?: string; to?: string; userId?: string }) =>
  listing<UsageRow>('usage', range);
export const auditQuery = (actorId?: string) => listing<AuditEntry>('audit', { actorId });
export const feedbackQuery = (rating?: string) => listing<RatedAnswer>('feedback', { rating });
/** The lines of a file that `ka eval` reads. */
export const feedbackCases = async (rating?: string) =>
  (await send('/api/v1/admin/feedback/export', { query: { rating } })).text();
export const jobsQuery = (state: AdminJob['state']) => listing<AdminJob>('jobs', { state });
export const performanceQuery = (name?: string) =>
  queryOptions({
    queryKey: ['admin', 'performance', name],
    queryFn: ({ signal }) => read<PerformanceReport>('/api/v1/admin/performance', { name }, signal),
  });
export const healthQuery = () =>
  queryOptions({
    queryKey: ['admin', 'health'],
    queryFn: ({ signal }) => read<DetailedHealth>('/health/detailed', undefined, signal),
  });

export type UserChange = Partial<
  Pick<AdminUser, 'role' | 'suspended' | 'quotaMb' | 'monthlyBudgetUsd' | 'dailyBudgetUsd'>
>;
export const patchUser = (id: string, fields: UserChange) =>
  change<AdminUser>('PATCH', `/api/v1/admin/users/${encodeURIComponent(id)}`, fields);
export const retryJob = (id: string) =>
  change<AdminJob>('POST', `/api/v1/admin/jobs/${encodeURIComponent(id)}/retry`);
