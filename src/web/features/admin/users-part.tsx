import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Ban, CircleCheck, Ellipsis, Gauge, Shield, ShieldOff } from 'lucide-react';
import { useState } from 'react';
import type { AdminUser } from '../../../contract/system.ts';
import { session } from '../../client/session.ts';
import { patchUser, type UserChange, usersQuery } from '../../data/admin.ts';
import { formatBytes, formatDate, formatNumber, formatUsd } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { IconButton } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Table } from '../../ui/table.tsx';
import { toastError } from '../../ui/toast.tsx';
import { Listing } from './listing.tsx';
import { nameOf } from './people.ts';
import { UserLimits } from './user-limits.tsx';

const { people } = text.admin;

export function UsersPart() {
  const query = useInfiniteQuery(usersQuery());
  const [limited, setLimited] = useState<AdminUser>();
  const [suspending, setSuspending] = useState<AdminUser>();
  const change = useUserChange();
  const state = session.get();
  const ownId = 'user' in state ? state.user.id : '';
  return (
    <>
      <Listing query={query} none="">
        {(users) => (
          <Table
            label={text.admin.parts.users}
            rows={users}
            keyOf={({ id }) => id}
            columns={[
              { label: people.person, cell: (user) => <Person user={user} own={user.id === ownId} /> },
              {
                label: people.role,
                cell: ({ role }) => (
                  <Badge tone={role === 'admin' ? 'accent' : 'plain'}>{people.roles[role]}</Badge>
                ),
              },
              { label: people.documents, numeric: true, cell: (user) => formatNumber(user.documentCount) },
              { label: people.storage, numeric: true, cell: storageOf },
              {
                label: people.budget,
                numeric: true,
                cell: ({ monthlyBudgetUsd: usd }) => (usd === null ? people.noLimit : formatUsd(usd)),
              },
              { label: people.joined, numeric: true, cell: (user) => formatDate(user.createdAt) },
              {
                label: people.actions(''),
                hideLabel: true,
                cell: (user) => (
                  <Menu
                    trigger={
                      <IconButton
                        small
                        label={people.actions(nameOf(user))}
                        icon={<Ellipsis className="size-4" />}
                      />
                    }
                    entries={[
                      {
                        label: people.limits,
                        icon: <Gauge className="size-4" />,
                        onSelect: () => setLimited(user),
                      },
                      user.role === 'admin'
                        ? {
                            label: people.makeUser,
                            icon: <ShieldOff className="size-4" />,
                            onSelect: () => change.mutate({ user, fields: { role: 'user' } }),
                          }
                        : {
                            label: people.makeAdmin,
                            icon: <Shield className="size-4" />,
                            onSelect: () => change.mutate({ user, fields: { role: 'admin' } }),
                          },
                      user.id !== ownId && 'line',
                      user.id !== ownId &&
                        (user.suspended
                          ? {
                              label: people.letIn,
                              icon: <CircleCheck className="size-4" />,
                              onSelect: () => change.mutate({ user, fields: { suspended: false } }),
                            }
                          : {
                              label: people.suspend,
                              icon: <Ban className="size-4" />,
                              danger: true,
                              onSelect: () => setSuspending(user),
                            }),
                    ]}
                  />
                ),
              },
            ]}
          />
        )}
      </Listing>
      {limited === undefined ? null : (
        <UserLimits
          user={limited}
          onClose={() => setLimited(undefined)}
          onSave={async (fields) => void (await change.mutateAsync({ user: limited, fields }))}
        />
      )}
      {suspending === undefined ? null : (
        <Confirm
          open
          title={people.suspendTitle(nameOf(suspending))}
          action={people.suspend}
          onClose={() => setSuspending(undefined)}
          onConfirm={() => change.mutate({ user: suspending, fields: { suspended: true } })}
        >
          {people.suspendText}
        </Confirm>
      )}
    </>
  );
}

function useUserChange() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ user, fields }: { user: AdminUser; fields: UserChange }) => patchUser(user.id, fields),
    onError: (error) => toastError(error),
    onSettled: () => queries.invalidateQueries({ queryKey: usersQuery().queryKey }),
  });
}

const Person = ({ user, own }: { user: AdminUser; own: boolean }) => (
  <div className="min-w-40">
    <p className="flex flex-wrap items-center gap-2 font-medium">
      {nameOf(user)}
      {own ? <Badge>{people.you}</Badge> : null}
      {user.suspended ? <Badge tone="bad">{people.suspended}</Badge> : null}
    </p>
    {user.name === '' ? null : <p className="text-muted">{user.email}</p>}
  </div>
);

const storageOf = ({ usedBytes, quotaMb }: AdminUser) =>
  quotaMb === null ? formatBytes(usedBytes) : `${formatBytes(usedBytes)} / ${formatBytes(quotaMb * 2 ** 20)}`;
