import { Link, useRouter } from '@tanstack/react-router';
import {
  Ellipsis,
  Files,
  FolderOpen,
  LogOut,
  MessageSquareText,
  Pencil,
  Trash2,
  UserPlus,
  Users,
} from 'lucide-react';
import type { Collection } from '../../../contract/collections.ts';
import { formatAgo, formatDateTime, formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { IconButton } from '../../ui/button.tsx';
import { Menu } from '../../ui/menu.tsx';

/** What the menu of a collection opens. */
export type CollectionDialog = 'rename' | 'share' | 'delete' | 'leave';

interface CardProps {
  readonly collection: Collection;
  readonly onDialog: (kind: CollectionDialog) => void;
}

/** A press anywhere opens the collection in the library; its menu has only what the person may do. */
export function CollectionCard({ collection, onDialog }: CardProps) {
  const { id, name, role, documentCount, updatedAt } = collection;
  const owner = role === 'owner';
  const router = useRouter();
  return (
    <article className="relative flex h-full flex-col gap-3 rounded-lg border border-line bg-surface p-4 shadow-card transition-colors hover:border-line-strong">
      <div className="flex items-start gap-3">
        <div className="rounded-md bg-accent-soft p-2 text-accent-text">
          <FolderOpen aria-hidden className="size-5" />
        </div>
        <h2 className="min-w-0 flex-1 pt-1.5 leading-6 font-semibold">
          <Link
            to="/library"
            search={{ collectionId: id }}
            title={name}
            className="line-clamp-2 [overflow-wrap:anywhere] after:absolute after:inset-0 after:rounded-lg focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-accent-text"
          >
            {name}
          </Link>
        </h2>
        <div className="relative z-1 -mt-1 -mr-2">
          <Menu
            trigger={
              <IconButton label={text.collections.menuOf(name)} icon={<Ellipsis className="size-4" />} />
            }
            entries={[
              documentCount > 0 && {
                label: text.collections.ask,
                icon: <MessageSquareText className="size-4" />,
                onSelect: () => void router.navigate({ to: '/chat', search: { collectionId: id } }),
              },
              {
                label: owner ? text.collections.share : text.collections.members,
                icon: owner ? <UserPlus className="size-4" /> : <Users className="size-4" />,
                onSelect: () => onDialog('share'),
              },
              owner && {
                label: text.collections.rename,
                icon: <Pencil className="size-4" />,
                onSelect: () => onDialog('rename'),
              },
              'line',
              owner
                ? {
                    label: text.collections.delete,
                    icon: <Trash2 className="size-4" />,
                    danger: true,
                    onSelect: () => onDialog('delete'),
                  }
                : {
                    label: text.collections.leave,
                    icon: <LogOut className="size-4" />,
                    danger: true,
                    onSelect: () => onDialog('leave'),
                  },
            ]}
          />
        </div>
      </div>
      <div className="mt-auto flex flex-wrap items-center justify-between gap-x-3 gap-y-1 text-sm text-muted">
        <span className="flex items-center gap-1.5 tabular-nums">
          <Files aria-hidden className="size-4" />
          {text.collections.count(documentCount, formatNumber(documentCount))}
        </span>
        <Badge tone={owner ? 'plain' : 'accent'}>{text.collections.roles[role]}</Badge>
      </div>
      <p className="text-xs text-muted">
        <time dateTime={updatedAt} title={formatDateTime(updatedAt)}>
          {text.collections.changed(formatAgo(updatedAt))}
        </time>
      </p>
    </article>
  );
}
