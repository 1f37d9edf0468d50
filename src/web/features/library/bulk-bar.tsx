import { FolderInput, RotateCw, Tag, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import type { Document } from '../../../contract/documents.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Progress } from '../../ui/progress.tsx';
import { changeMany, deleteMany, type ManyAction } from './change-documents.ts';
import { deleteWithUndo } from './document-deletes.ts';
import { MoveDialog } from './move-dialog.tsx';
import { TagsOfManyDialog } from './tags-dialog.tsx';

/** More than these go at once, without an undo: a page that is closed could not send them all. */
const MOST_TO_UNDO = 1000;

interface BulkBarProps {
  /** The selected ones. */
  readonly documents: readonly Document[];
  /** All that match. */
  readonly total: number;
  /** Selects all that match; tells how many are loaded. */
  readonly onSelectAll: (onProgress: (loaded: number) => boolean) => Promise<void>;
  readonly onClear: () => void;
}

interface Work {
  readonly kind: keyof typeof text.library.working | 'select';
  readonly done: number;
  readonly all: number;
}

/** What can be done with the selected documents, and how far it is. */
export function BulkBar({ documents, total, onSelectAll, onClear }: BulkBarProps) {
  const [dialog, setDialog] = useState<'move' | 'tags' | 'delete'>();
  const [work, setWork] = useState<Work>();
  const n = documents.length;
  const shown = formatNumber(n);
  const ids = documents.map(({ id }) => id);
  const first = documents[0]?.collectionId;
  const from = documents.every(({ collectionId }) => collectionId === first) ? first : undefined;

  const during = async (
    kind: Work['kind'],
    all: number,
    run: (tell: (done: number) => void) => Promise<void>,
  ) => {
    setWork({ kind, done: 0, all });
    await run((done) => setWork({ kind, done, all }));
    setWork(undefined);
  };
  const change = (action: ManyAction, done: string) =>
    void during(action.type, n, (tell) => changeMany(ids, action, done, tell)).then(onClear);

  return (
    <section
      aria-label={text.library.bulk}
      className="absolute inset-x-0 pointer-events-none bottom-3 z-20 flex justify-center px-2 lg:justify-start lg:px-3"
    >
      {/* beside the toasts, which come in the other corner */}
      <div className="pointer-events-auto flex max-w-full flex-wrap items-center justify-center gap-x-1 gap-y-1 rounded-xl max-sm:gap-x-0 border border-line bg-surface p-1.5 shadow-high">
        {work === undefined ? (
          <>
            <p role="status" className="px-2 text-sm font-medium whitespace-nowrap tabular-nums">
              {text.library.countSelected(shown)}
            </p>
            {n < total ? (
              <Button
                size="sm"
                look="quiet"
                className="text-accent-text! max-sm:px-2"
                onClick={() =>
                  void during('select', total, (tell) =>
                    onSelectAll((loaded) => {
                      tell(loaded);
                      return true;
                    }),
                  )
                }
              >
                <span className="max-sm:hidden">{text.library.selectAllMatching(formatNumber(total))}</span>
                <span className="sm:hidden">{text.library.selectAllShort(formatNumber(total))}</span>
              </Button>
            ) : null}
            <span aria-hidden className="mx-1 h-5 w-px bg-line max-sm:hidden" />
            <Action
              label={text.library.move}
              icon={<FolderInput className="size-4" />}
              onClick={() => setDialog('move')}
            />
            <Action
              label={text.library.tags}
              icon={<Tag className="size-4" />}
              onClick={() => setDialog('tags')}
            />
            <Action
              label={text.library.reindex}
              icon={<RotateCw className="size-4" />}
              onClick={() => change({ type: 'reindex' }, text.library.reindexing(n, shown))}
            />
            <Action
              danger
              label={text.library.delete}
              icon={<Trash2 className="size-4" />}
              onClick={() => {
                if (n > MOST_TO_UNDO) return setDialog('delete');
                deleteWithUndo(documents);
                onClear();
              }}
            />
            <IconButton
              label={text.library.clearSelection}
              icon={<X className="size-4" />}
              keys="Esc"
              onClick={onClear}
            />
          </>
        ) : (
          <Working {...work} />
        )}
      </div>
      {dialog === 'move' ? (
        <MoveDialog
          count={n}
          from={from}
          onClose={() => setDialog(undefined)}
          onMove={({ id, name }) =>
            change({ type: 'move', collectionId: id }, text.library.moved(n, shown, name))
          }
        />
      ) : null}
      {dialog === 'tags' ? (
        <TagsOfManyDialog
          count={n}
          present={[...new Set(documents.flatMap(({ tags }) => tags))].sort()}
          onClose={() => setDialog(undefined)}
          onSave={(add, remove) => change({ type: 'tag', add, remove }, text.library.tagged(n, shown))}
        />
      ) : null}
      <Confirm
        open={dialog === 'delete'}
        title={text.library.deleteManyTitle(shown)}
        action={text.library.delete}
        onClose={() => setDialog(undefined)}
        onConfirm={() => {
          void during('delete', n, (tell) => deleteMany(ids, tell)).then(onClear);
        }}
      >
        {text.library.deleteManyText}
      </Confirm>
    </section>
  );
}

/** Words where there is room, else the sign alone. */
const Action = ({
  label,
  icon,
  danger = false,
  onClick,
}: {
  label: string;
  icon: React.ReactNode;
  danger?: boolean;
  onClick: () => void;
}) => (
  <Button
    size="sm"
    look="quiet"
    aria-label={label}
    className={danger ? 'text-bad! max-sm:px-2.5' : 'max-sm:px-2.5'}
    icon={icon}
    onClick={onClick}
  >
    <span className="max-sm:hidden">{label}</span>
  </Button>
);

function Working({ kind, done, all }: Work) {
  const words = kind === 'select' ? text.library.selectingAll : text.library.working[kind];
  const label = words(formatNumber(done), formatNumber(all));
  return (
    <div className="flex h-9 w-72 max-w-full flex-col justify-center gap-1.5 px-3">
      <p role="status" className="truncate text-xs text-muted tabular-nums">
        {label}
      </p>
      <Progress label={label} percent={(100 * done) / all} />
    </div>
  );
}
