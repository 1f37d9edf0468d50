import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FolderOpen, Users } from 'lucide-react';
import type { Collection } from '../../../contract/collections.ts';
import { collectionsQuery, membersQuery } from '../../data/collections.ts';
import * as text from '../../text/text.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/page.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';

/** Who sees what; it is changed where the collections are. */
export function SharingCard() {
  const { data: collections, error, refetch } = useQuery(collectionsQuery());
  return (
    <Card
      title={text.settings.sharing}
      actions={
        <Link to="/collections" className={buttonClass('plain', 'sm')}>
          {text.settings.openCollections}
        </Link>
      }
    >
      <p className="mb-4 text-sm text-muted">{text.settings.sharingText}</p>
      {error === null ? null : <ErrorState error={error} onRetry={() => void refetch()} />}
      {collections === undefined && error === null ? (
        <Loading>
          <Skeleton className="h-12" />
        </Loading>
      ) : null}
      <ul className="divide-y divide-line">
        {collections?.map((collection) => (
          <SharedCollection key={collection.id} collection={collection} />
        ))}
      </ul>
    </Card>
  );
}

function SharedCollection({ collection: { id, name, role } }: { collection: Collection }) {
  const { data } = useQuery({ ...membersQuery(id), enabled: role === 'owner' });
  const others = data?.filter((member) => member.role !== 'owner').length;
  return (
    <li className="flex items-center gap-3 py-2.5 text-sm">
      <FolderOpen aria-hidden className="size-4 shrink-0 text-muted" />
      <span className="min-w-0 flex-1 truncate">{name}</span>
      <span className="flex items-center gap-1.5 text-muted">
        {others === undefined ? (
          text.settings.roles[role]
        ) : (
          <>
            {others > 0 ? <Users aria-hidden className="size-3.5" /> : null}
            {text.settings.shareWith(others)}
          </>
        )}
      </span>
    </li>
  );
}
