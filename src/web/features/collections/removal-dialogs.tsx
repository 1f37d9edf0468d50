import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import type { Collection } from '../../../contract/collections.ts';
import { session } from '../../client/session.ts';
import {
  collectionKeys,
  collectionsQuery,
  deleteCollection,
  unshareCollection,
} from '../../data/collections.ts';
import { refreshDocuments } from '../../data/document-cache.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Confirm } from '../../ui/dialog.tsx';
import { toast, toastError } from '../../ui/toast.tsx';

interface RemovalProps {
  readonly collection: Collection;
  readonly onClose: () => void;
}

export function DeleteCollection({ collection: { id, name, documentCount }, onClose }: RemovalProps) {
  const queries = useQueryClient();
  const shown = formatNumber(documentCount);
  return (
    <Confirm
      open
      title={text.collections.deleteTitle(name)}
      action={text.collections.deleteAction(documentCount, shown)}
      onClose={onClose}
      onConfirm={async () => {
        try {
          await deleteCollection(id);
          taken(queries, id);
          toast({ title: text.collections.deleted(name), tone: 'good' });
        } catch (error) {
          toastError(error, text.collections.deleteFault);
        }
      }}
    >
      <p>
        {documentCount === 0
          ? text.collections.deleteEmpty
          : text.collections.deleteWith(documentCount, shown)}
      </p>
    </Confirm>
  );
}

export function LeaveCollection({ collection: { id, name }, onClose }: RemovalProps) {
  const queries = useQueryClient();
  return (
    <Confirm
      open
      title={text.collections.leaveTitle(name)}
      action={text.collections.leave}
      onClose={onClose}
      onConfirm={async () => {
        const state = session.get();
        if (!('user' in state)) return;
        try {
          await unshareCollection(id, state.user.id);
          taken(queries, id);
          toast({ title: text.collections.left(name), tone: 'good' });
        } catch (error) {
          toastError(error, text.collections.leaveFault);
        }
      }}
    >
      <p>{text.collections.leaveText}</p>
    </Confirm>
  );
}

/** It is gone for this person, and its documents with it. */
function taken(queries: QueryClient, id: string): void {
  queries.setQueryData(collectionsQuery().queryKey, (all) => all?.filter((each) => each.id !== id));
  void queries.invalidateQueries({ queryKey: collectionKeys.all });
  refreshDocuments(queries);
}
