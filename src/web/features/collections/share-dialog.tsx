import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { UserPlus, X } from 'lucide-react';
import { useState } from 'react';
import type { Collection, Member } from '../../../contract/collections.ts';
import { messageOf } from '../../client/problem.ts';
import { session } from '../../client/session.ts';
import { membersQuery, shareCollection, unshareCollection } from '../../data/collections.ts';
import * as text from '../../text/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, Input, Select } from '../../ui/field.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { toast, toastError } from '../../ui/toast.tsx';

type GivenRole = 'viewer' | 'editor';
const GIVEN_ROLES: readonly GivenRole[] = ['viewer', 'editor'];

interface ShareProps {
  readonly collection: Collection;
  readonly onClose: () => void;
}

/** Who sees the collection, and as what. Only its owner changes that. */
export function ShareDialog({ collection, onClose }: ShareProps) {
  const { id, name, role } = collection;
  const owner = role === 'owner';
  const { data: members, error, refetch } = useQuery(membersQuery(id));
  return (
    <Dialog
      open
      title={owner ? text.collections.shareTitle(name) : text.collections.membersTitle(name)}
      onClose={onClose}
    >
      <div className="flex flex-col gap-5 px-5 pb-5">
        {owner ? <AddMember collectionId={id} /> : null}
        {error === null ? null : <ErrorState error={error} onRetry={() => void refetch()} />}
        {members === undefined && error === null ? (
          <Loading>
            <Skeleton className="h-24" />
          </Loading>
        ) : null}
        {members === undefined ? null : (
          <ul aria-label={text.collections.members} className="divide-y divide-line">
            {members.map((member) => (
              <li key={member.userId}>
                <MemberRow collectionId={id} member={member} canChange={owner} />
              </li>
            ))}
          </ul>
        )}
        {members?.length === 1 && owner ? (
          <p className="text-sm text-muted">{text.collections.onlyYou}</p>
        ) : null}
        <section aria-label={text.collections.rolesTitle} className="rounded-md bg-sunken px-4 py-3 text-sm">
          <dl className="flex flex-col gap-1">
            {(['viewer', 'editor', 'owner'] as const).map((each) => (
              <div key={each} className="grid grid-cols-[4rem_minmax(0,1fr)] gap-2">
                <dt className="font-medium">{text.collections.roles[each]}</dt>
                <dd className="text-muted">{text.collections.roleHints[each]}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
      <DialogActions>
        <Button onClick={onClose}>{text.collections.done}</Button>
      </DialogActions>
    </Dialog>
  );
}

function AddMember({ collectionId }: { collectionId: string }) {
  const queries = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<GivenRole>('viewer');
  const add = useMutation({
    mutationFn: () => shareCollection(collectionId, email.trim(), role),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: membersQuery(collectionId).queryKey });
      toast({ title: text.collections.shared(email.trim()), tone: 'good' });
      setEmail('');
    },
  });
  return (
    <form
      className="grid items-start gap-2 sm:grid-cols-[minmax(0,1fr)_7rem_auto]"
      onSubmit={(event) => {
        event.preventDefault();
        if (email.trim() !== '' && !add.isPending) add.mutate();
      }}
    >
      <Field
        label={text.collections.email}
        hint={text.collections.emailHint}
        error={add.error === null ? undefined : messageOf(add.error)}
      >
        {(tie) => (
          <Input
            {...tie}
            type="email"
            autoComplete="off"
            value={email}
            onChange={(event) => {
              setEmail(event.target.value);
              add.reset();
            }}
          />
        )}
      </Field>
      <Field label={text.collections.role}>
        {(tie) => (
          <Select
            {...tie}
            className="h-10!"
            value={role}
            onChange={(event) => setRole(event.target.value as GivenRole)}
          >
            {GIVEN_ROLES.map((each) => (
              <option key={each} value={each}>
                {text.collections.roles[each]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Button
        type="submit"
        look="primary"
        busy={add.isPending}
        disabled={email.trim() === ''}
        icon={<UserPlus className="size-4" />}
        className="h-10! sm:mt-[1.6875rem]"
      >
        {text.collections.add}
      </Button>
    </form>
  );
}

function MemberRow({
  collectionId,
  member,
  canChange,
}: {
  collectionId: string;
  member: Member;
  canChange: boolean;
}) {
  const queries = useQueryClient();
  const { queryKey } = membersQuery(collectionId);
  const { userId, email, role } = member;
  const name = member.name || email;
  const state = session.get();
  const own = 'user' in state && state.user.id === userId;

  // both show at once what they do; a refusal brings back what was there
  const show = (change: (members: Member[]) => Member[]) => {
    const before = queries.getQueryData(queryKey);
    queries.setQueryData(queryKey, (members) => members && change(members));
    return before;
  };
  const putBack = (fault: string) => (error: Error, _: unknown, before: Member[] | undefined) => {
    queries.setQueryData(queryKey, before);
    toastError(error, fault);
  };
  const onSettled = () => queries.invalidateQueries({ queryKey });
  const setRole = useMutation<unknown, Error, GivenRole, Member[] | undefined>({
    mutationFn: (next: GivenRole) => shareCollection(collectionId, email, next),
    onMutate: (next) =>
      show((members) => members.map((each) => (each.userId === userId ? { ...each, role: next } : each))),
    onError: putBack(text.collections.shareFault),
    onSettled,
  });
  const remove = useMutation<unknown, Error, void, Member[] | undefined>({
    mutationFn: () => unshareCollection(collectionId, userId),
    onMutate: () => show((members) => members.filter((each) => each.userId !== userId)),
    onSuccess: () => toast({ title: text.collections.removed(name) }),
    onError: putBack(text.collections.removeFault),
    onSettled,
  });
  return (
    <div className="flex items-center gap-3 py-2.5 text-sm">
      <div
        aria-hidden
        className="grid size-8 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent-text uppercase"
      >
        {name.slice(0, 1)}
      </div>
      <div className="min-w-0 flex-1">
        <p className="flex min-w-0 items-center gap-2 font-medium">
          <span className="truncate">{name}</span>
          {own ? <Badge>{text.collections.you}</Badge> : null}
        </p>
        {member.name === '' ? null : <p className="truncate text-xs text-muted">{email}</p>}
      </div>
      {canChange && role !== 'owner' ? (
        <>
          <Select
            aria-label={text.collections.roleOf(name)}
            className="w-auto! shrink-0"
            value={role}
            onChange={(event) => setRole.mutate(event.target.value as GivenRole)}
          >
            {GIVEN_ROLES.map((each) => (
              <option key={each} value={each}>
                {text.collections.roles[each]}
              </option>
            ))}
          </Select>
          <IconButton
            small
            label={text.collections.remove(name)}
            icon={<X className="size-4" />}
            onClick={() => remove.mutate()}
          />
        </>
      ) : (
        <span className="text-muted">{text.collections.roles[role]}</span>
      )}
    </div>
  );
}
