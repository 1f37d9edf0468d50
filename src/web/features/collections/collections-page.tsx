import { useQuery } from '@tanstack/react-query';
import { FolderPlus, Plus } from 'lucide-react';
import { useState } from 'react';
import type { Collection } from '../../../contract/collections.ts';
import { collectionsQuery } from '../../data/collections.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { CollectionCard, type CollectionDialog } from './collection-card.tsx';
import { CreateCollection, RenameCollection } from './name-dialog.tsx';
import { DeleteCollection, LeaveCollection } from './removal-dialogs.tsx';
import { ShareDialog } from './share-dialog.tsx';

type Open =
  | { readonly kind: 'create' }
  | { readonly kind: CollectionDialog; readonly collection: Collection };

/** All collections that the person sees, own and shared. */
export function CollectionsPage() {
  const { data: collections, error, refetch } = useQuery(collectionsQuery());
  const [open, setOpen] = useState<Open>();
  const create = (
    <Button look="primary" icon={<Plus className="size-4" />} onClick={() => setOpen({ kind: 'create' })}>
      {text.collections.create}
    </Button>
  );
  return (
    <Page title={text.collections.title} actions={create}>
      <p className="-mt-4 mb-6 text-muted">{text.collections.intro}</p>
      {collections === undefined ? (
        error === null ? (
          <Loading>
            <div className={GRID}>
              <Skeleton className="h-36" />
              <Skeleton className="h-36" />
              <Skeleton className="h-36" />
            </div>
          </Loading>
        ) : (
          <ErrorState error={error} onRetry={() => void refetch()} />
        )
      ) : collections.length === 0 ? (
        <EmptyState
          icon={<FolderPlus className="size-6" />}
          title={text.collections.emptyTitle}
          actions={create}
        >
          {text.collections.emptyText}
        </EmptyState>
      ) : (
        <ul className={GRID}>
          {collections.map((collection) => (
            <li key={collection.id}>
              <CollectionCard collection={collection} onDialog={(kind) => setOpen({ kind, collection })} />
            </li>
          ))}
        </ul>
      )}
      <OpenDialog open={open} onClose={() => setOpen(undefined)} />
    </Page>
  );
}

const GRID = 'grid gap-4 sm:grid-cols-2 lg:grid-cols-3';

function OpenDialog({ open, onClose }: { open: Open | undefined; onClose: () => void }) {
  switch (open?.kind) {
    case undefined:
      return null;
    case 'create':
      return <CreateCollection onClose={onClose} />;
    case 'rename':
      return <RenameCollection collection={open.collection} onClose={onClose} />;
    case 'share':
      return <ShareDialog collection={open.collection} onClose={onClose} />;
    case 'delete':
      return <DeleteCollection collection={open.collection} onClose={onClose} />;
    case 'leave':
      return <LeaveCollection collection={open.collection} onClose={onClose} />;
    default:
      return open satisfies never;
  }
}
