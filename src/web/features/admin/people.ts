import { useInfiniteQuery } from '@tanstack/react-query';
import type { AdminUser } from '../../../contract/system.ts';
import { usersQuery } from '../../data/admin.ts';

/** Everyone loaded so far, by id: other parts know people by their id only. */
export function usePeople(): ReadonlyMap<string, AdminUser> {
  const { data } = useInfiniteQuery(usersQuery());
  return new Map(data?.pages.flatMap(({ items }) => items).map((user) => [user.id, user]));
}

export const nameOf = ({ name, email }: Pick<AdminUser, 'name' | 'email'>): string => name || email;
