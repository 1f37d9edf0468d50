import { useQuery } from '@tanstack/react-query';
import { FolderOpen } from 'lucide-react';
import { useState } from 'react';
import type { Collection } from '../../../contract/collections.ts';
import { collectionsQuery } from '../../data/collections.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';

interface MoveProps {
  readonly count: number;
  /** The one that all of them are in. */
  readonly from: string | undefined;
  readonly onClose: () => void;
  readonly onMove: (to: Collection) => void;
}

export function MoveDialog({ count, from, onClose, onMove }: MoveProps) {
  const { data, error } = useQuery(collectionsQuery());
  const [to, setTo] = useState<string>();
  const targets = data?.filter(({ role }) => role !== 'viewer') ?? [];
  const target = targets.find(({ id }) => id === to);
  const nowhere = data !== undefined && targets.every(({ id }) => id === from);
  return (
    <Dialog open title={text.library.moveTitle(count, formatNumber(count))} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (target === undefined) return;
          onMove(target);
          onClose();
        }}
      >
        <div className="max-h-80 overflow-y-auto px-3 pb-4">
          {error === null ? null : <ErrorState error={error} />}
          {data === undefined && error === null ? (
            <Loading>
              <Skeleton className="mx-2 h-24" />
            </Loading>
          ) : null}
          {nowhere ? <p className="px-2 pb-2 text-muted">{text.library.moveNowhere}</p> : null}
          <fieldset className="min-w-0">
            <legend className="sr-only">{text.library.moveTo}</legend>
            {targets.map(({ id, name, documentCount }) => (
              <label
                key={id}
                className="flex min-h-11 items-center gap-3 rounded-md px-2 text-sm hover:bg-hover has-checked:bg-accent-soft has-disabled:cursor-not-allowed has-disabled:hover:bg-transparent"
              >
                <input
                  type="radio"
                  name="collection"
                  className="size-4 shrink-0 accent-accent"
                  checked={to === id}
                  disabled={id === from}
                  onChange={() => setTo(id)}
                />
                <FolderOpen aria-hidden className="size-4 shrink-0 text-muted" />
                <span className="min-w-0 flex-1 truncate">{name}</span>
                <span className="shrink-0 text-xs text-muted">
                  {id === from
                    ? text.library.here
                    : text.collections.count(documentCount, formatNumber(documentCount))}
                </span>
              </label>
            ))}
          </fieldset>
        </div>
        <DialogActions>
          <Button onClick={onClose}>{text.ui.cancel}</Button>
          <Button type="submit" look="primary" disabled={target === undefined}>
            {text.library.moveAction}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
