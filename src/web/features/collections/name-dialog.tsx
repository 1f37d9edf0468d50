import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Collection } from '../../../contract/collections.ts';
import { messageOf } from '../../client/problem.ts';
import {
  collectionKeys,
  collectionsQuery,
  createCollection,
  renameCollection,
} from '../../data/collections.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { toast, toastError } from '../../ui/toast.tsx';

const MAX_NAME = 100;

export function CreateCollection({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: createCollection,
    onSuccess: async ({ name }) => {
      await queries.invalidateQueries({ queryKey: collectionKeys.all });
      toast({ title: text.collections.created(name), tone: 'good' });
      onClose();
    },
  });
  return (
    <NameDialog
      title={text.collections.createTitle}
      action={text.collections.createAction}
      name=""
      busy={create.isPending}
      error={create.error === null ? undefined : messageOf(create.error)}
      onSave={(name) => create.mutate(name)}
      onClose={onClose}
    />
  );
}

export function RenameCollection({ collection, onClose }: { collection: Collection; onClose: () => void }) {
  const queries = useQueryClient();
  const rename = useMutation({
    mutationFn: (name: string) => renameCollection(collection.id, name),
    // shown at once; a refusal brings the old name back
    onMutate: (name) => {
      const { queryKey } = collectionsQuery();
      const before = queries.getQueryData(queryKey);
      queries.setQueryData(queryKey, (all) =>
        all?.map((each) => (each.id === collection.id ? { ...each, name } : each)),
      );
      onClose();
      return before;
    },
    onError: (error, _, before) => {
      queries.setQueryData(collectionsQuery().queryKey, before);
      toastError(error, text.collections.renameFault);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: collectionKeys.all }),
  });
  return (
    <NameDialog
      title={text.collections.renameTitle}
      action={text.ui.save}
      name={collection.name}
      onSave={(name) => (name === collection.name ? onClose() : rename.mutate(name))}
      onClose={onClose}
    />
  );
}

interface NameProps {
  readonly title: string;
  readonly action: string;
  readonly name: string;
  readonly busy?: boolean;
  readonly error?: string | undefined;
  readonly onSave: (name: string) => void;
  readonly onClose: () => void;
}

function NameDialog({ title, action, name, busy = false, error, onSave, onClose }: NameProps) {
  const [typed, setTyped] = useState(name);
  const trimmed = typed.trim();
  return (
    <Dialog open title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (trimmed !== '' && !busy) onSave(trimmed);
        }}
      >
        <div className="px-5 pb-5">
          <Field label={text.collections.name} error={error}>
            {(tie) => (
              <Input
                {...tie}
                value={typed}
                maxLength={MAX_NAME}
                placeholder={text.collections.namePlaceholder}
                onFocus={(event) => event.target.select()}
                onChange={(event) => setTyped(event.target.value)}
              />
            )}
          </Field>
        </div>
        <DialogActions>
          <Button onClick={onClose}>{text.ui.cancel}</Button>
          <Button type="submit" look="primary" busy={busy} disabled={trimmed === ''}>
            {action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
