import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Check, Copy, KeyRound, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { ApiKey } from '../../../contract/auth.ts';
import { apiKeysQuery, createApiKey, deleteApiKey } from '../../data/account.ts';
import { formatAgo, formatDate } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Confirm, Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, Input, Select } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { toastError } from '../../ui/toast.tsx';
import { formErrors } from './form-errors.ts';

export function ApiKeysCard() {
  const { data: keys, error, refetch } = useQuery(apiKeysQuery());
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<ApiKey>();
  return (
    <Card
      title={text.settings.keys}
      actions={
        <Button size="sm" icon={<Plus className="size-4" />} onClick={() => setCreating(true)}>
          {text.settings.newKey}
        </Button>
      }
    >
      <p className="mb-4 text-sm text-muted">{text.settings.keysText}</p>
      {keys === undefined ? (
        error === null ? (
          <Loading>
            <Skeleton className="h-12" />
          </Loading>
        ) : (
          <ErrorState error={error} onRetry={() => void refetch()} />
        )
      ) : keys.length === 0 ? (
        <p className="text-sm">{text.settings.noKeys}</p>
      ) : (
        <ul className="divide-y divide-line">
          {keys.map((key) => (
            <KeyRow key={key.id} apiKey={key} onDelete={() => setDeleting(key)} />
          ))}
        </ul>
      )}
      {creating ? <NewKey onClose={() => setCreating(false)} /> : null}
      {deleting === undefined ? null : <DeleteKey apiKey={deleting} onClose={() => setDeleting(undefined)} />}
    </Card>
  );
}

function KeyRow({ apiKey, onDelete }: { apiKey: ApiKey; onDelete: () => void }) {
  const { name, prefix, scopes, createdAt, lastUsedAt } = apiKey;
  const used = lastUsedAt === null ? text.settings.keyUnused : text.settings.keyUsed(formatAgo(lastUsedAt));
  return (
    <li className="flex items-center gap-3 py-3">
      <KeyRound aria-hidden className="size-4 shrink-0 text-muted" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="truncate font-medium">{name}</span>
          <Badge tone={scopes.includes('write') ? 'accent' : 'plain'}>
            {text.settings.scopes[scopes.includes('write') ? 'write' : 'read']}
          </Badge>
        </p>
        <p className="text-sm text-muted">
          <code className="text-xs">{prefix}…</code> · {text.settings.keyAdded(formatDate(createdAt))} ·{' '}
          {used}
        </p>
      </div>
      <IconButton
        label={text.settings.deleteKey(name)}
        icon={<Trash2 className="size-4" />}
        onClick={onDelete}
      />
    </li>
  );
}

function NewKey({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [scope, setScope] = useState<'read' | 'write'>('read');
  const create = useMutation({
    mutationFn: () => createApiKey(name, scope === 'read' ? ['read'] : ['read', 'write']),
    onSuccess: () => queries.invalidateQueries({ queryKey: apiKeysQuery().queryKey }),
  });
  const { fields, whole } = formErrors(create.error);
  if (create.data !== undefined)
    return <KeyOnce name={create.data.name} apiKey={create.data.key} onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title={text.settings.newKey}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <div className="flex flex-col gap-4 px-5 pb-5">
          <Field
            label={text.settings.keyName}
            hint={text.settings.keyNameHint}
            error={fields['name'] ?? whole}
          >
            {(tie) => (
              <Input
                {...tie}
                maxLength={100}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <Field label={text.settings.scope}>
            {(tie) => (
              <Select
                {...tie}
                value={scope}
                onChange={(event) => setScope(event.target.value as 'read' | 'write')}
              >
                <option value="read">{text.settings.scopes.read}</option>
                <option value="write">{text.settings.scopes.write}</option>
              </Select>
            )}
          </Field>
        </div>
        <DialogActions>
          <Button onClick={onClose}>{text.ui.cancel}</Button>
          <Button look="primary" type="submit" busy={create.isPending} disabled={name.trim() === ''}>
            {text.settings.createKey}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** Only its buttons close it: a stray click must not lose the key. */
function KeyOnce({ name, apiKey, onClose }: { name: string; apiKey: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  return (
    <Dialog open firm onClose={onClose} title={text.settings.keyReady(name)}>
      <div className="flex flex-col gap-3 px-5 pb-5">
        <p className="text-muted">{text.settings.keyOnce}</p>
        <div className="flex items-center gap-2 rounded-md border border-line bg-sunken py-1.5 pr-1.5 pl-3">
          <code className="min-w-0 flex-1 text-sm break-all select-all">{apiKey}</code>
          <Button
            size="sm"
            icon={copied ? <Check className="size-4" /> : <Copy className="size-4" />}
            onClick={() =>
              void navigator.clipboard.writeText(apiKey).then(
                () => setCopied(true),
                (error: unknown) => toastError(error),
              )
            }
          >
            {copied ? text.settings.copied : text.settings.copy}
          </Button>
        </div>
      </div>
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          {text.settings.done}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function DeleteKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const queries = useQueryClient();
  return (
    <Confirm
      open
      title={text.settings.deleteKeyTitle}
      action={text.settings.delete}
      onClose={onClose}
      onConfirm={async () => {
        await deleteApiKey(apiKey.id).catch(toastError);
        await queries.invalidateQueries({ queryKey: apiKeysQuery().queryKey });
      }}
    >
      {text.settings.deleteKeyText(apiKey.name)}
    </Confirm>
  );
}
