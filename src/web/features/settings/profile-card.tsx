import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Profile } from '../../../contract/auth.ts';
import { userChanged } from '../../client/session.ts';
import { patchProfile, profileQuery } from '../../data/account.ts';
import { formatBytes } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { Progress } from '../../ui/progress.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { toast } from '../../ui/toast.tsx';
import { formErrors } from './form-errors.ts';

export function ProfileCard() {
  const { data, error, refetch } = useQuery(profileQuery());
  return (
    <Card title={text.settings.profile}>
      {data === undefined ? (
        error === null ? (
          <Loading>
            <Skeleton className="h-40" />
          </Loading>
        ) : (
          <ErrorState error={error} onRetry={() => void refetch()} />
        )
      ) : (
        <ProfileForm profile={data} />
      )}
    </Card>
  );
}

function ProfileForm({ profile }: { profile: Profile }) {
  const queries = useQueryClient();
  const [name, setName] = useState(profile.name);
  const save = useMutation({
    mutationFn: () => patchProfile({ name }),
    onSuccess(changed) {
      queries.setQueryData(profileQuery().queryKey, changed);
      userChanged(changed);
      toast({ title: text.settings.saved, tone: 'good' });
    },
  });
  const { fields, whole } = formErrors(save.error);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Field label={text.settings.name} hint={text.settings.nameHint} error={fields['name'] ?? whole}>
        {(tie) => (
          <Input
            {...tie}
            autoComplete="name"
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label={text.settings.email}>{(tie) => <Input {...tie} value={profile.email} disabled />}</Field>
      <Storage usedBytes={profile.usedBytes} quotaMb={profile.quotaMb} />
      <div>
        <Button look="primary" type="submit" busy={save.isPending} disabled={name.trim() === profile.name}>
          {text.ui.save}
        </Button>
      </div>
    </form>
  );
}

function Storage({ usedBytes, quotaMb }: { usedBytes: number; quotaMb: number | null }) {
  const used = formatBytes(usedBytes);
  // quotas count megabytes of 2^20 bytes, as upload limits do
  const quotaBytes = quotaMb === null ? undefined : quotaMb * 2 ** 20;
  return (
    <div className="flex flex-col gap-1.5 text-sm">
      <p className="font-medium">{text.settings.storage}</p>
      {quotaBytes === undefined ? null : (
        <Progress
          label={text.settings.storage}
          percent={quotaBytes === 0 ? 100 : (100 * usedBytes) / quotaBytes}
          tone={usedBytes > 0.9 * quotaBytes ? 'bad' : 'accent'}
        />
      )}
      <p className="text-muted">
        {quotaBytes === undefined
          ? text.settings.storageUsed(used)
          : text.settings.storageOf(used, formatBytes(quotaBytes))}
      </p>
    </div>
  );
}
