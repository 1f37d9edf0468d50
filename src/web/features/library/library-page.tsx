import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { FileSearch, Files, FolderUp, Link2, MoreHorizontal, Upload } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { collectionsQuery } from '../../data/collections.ts';
import type { DocumentsFilter } from '../../data/documents.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Menu } from '../../ui/menu.tsx';
import { usePageTitle } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { openFilePicker, openFolderPicker, openUrlDialog } from '../../upload/uploads.ts';
import { BulkBar } from './bulk-bar.tsx';
import { deleteWithUndo, undoLatestDelete } from './document-deletes.ts';
import { DocumentDialogs, type OpenDialog } from './document-dialogs.tsx';
import { DocumentList } from './document-list.tsx';
import type { RowActions } from './document-row.tsx';
import { FilterBar, NO_FILTER } from './filter-bar.tsx';
import { NOTHING_SELECTED, only, type Selection, toggle } from './selection.ts';
import { inAddress, nextSort, type Sort, sortOf } from './sort.ts';
import { useDocuments } from './use-documents.ts';

const route = getRouteApi('/app/library');

export function LibraryPage() {
  usePageTitle(text.library.title);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const router = useRouter();
  const sort = sortOf(search.sort);
  const filter: DocumentsFilter = { ...search, sort: inAddress(sort) };
  const listKey = JSON.stringify(filter);
  const loaded = useDocuments(filter);
  const { documents, total } = loaded;
  const { data: collections } = useQuery(collectionsQuery());
  const byId = useMemo(() => new Map(collections?.map((each) => [each.id, each])), [collections]);
  const here = search.collectionId === undefined ? undefined : byId.get(search.collectionId);
  const canAdd = here?.role !== 'viewer';
  const [dialog, setDialog] = useState<OpenDialog>();

  const shownIds = useRef<readonly string[]>([]);
  shownIds.current = useMemo(() => documents?.map(({ id }) => id) ?? [], [documents]);
  const canEdit = (collectionId: string) => byId.get(collectionId)?.role !== 'viewer';
  const [{ key: selectedKey, ...selection }, setSelection] = useState<Selection & { key: string }>({
    ...NOTHING_SELECTED,
    key: listKey,
  });
  // another list has other documents; those that went are no longer selected
  const selected = useMemo(() => {
    if (selectedKey !== listKey || selection.ids.size === 0) return NOTHING_SELECTED;
    const there = new Set(documents?.map(({ id }) => id));
    return only({ ids: selection.ids, anchor: selection.anchor }, (id) => there.has(id));
  }, [selectedKey, listKey, selection.ids, selection.anchor, documents]);
  const selectedDocuments = useMemo(
    () => documents?.filter(({ id }) => selected.ids.has(id)) ?? [],
    [documents, selected],
  );
  const select = (ids: Iterable<string>) =>
    setSelection({ ids: new Set(ids), anchor: undefined, key: listKey });
  const clear = () => select([]);

  const actions = useMemo<RowActions>(
    () => ({
      onOpen: (documentId) => void router.navigate({ to: '/library/$documentId', params: { documentId } }),
      onToggle: (id, range) =>
        setSelection((before) => ({
          ...toggle(before.key === listKey ? before : NOTHING_SELECTED, id, shownIds.current, range),
          key: listKey,
        })),
      onAsk: ({ id }) => void router.navigate({ to: '/chat', search: { documentId: id } }),
      onDialog: (kind, document) => setDialog({ kind, document }),
      onDelete: (document) => deleteWithUndo([document]),
    }),
    [router, listKey],
  );

  const change = (fields: DocumentsFilter) =>
    void navigate({ search: (before) => given({ ...before, ...fields }), replace: true });
  const sortBy = (next: Sort) => change({ sort: inAddress(next) });
  const filtered = Object.keys(given({ ...search, sort: undefined, collectionId: undefined })).length > 0;
  const into = { collectionId: search.collectionId };
  const upload = (
    <Button look="primary" icon={<Upload className="size-4" />} onClick={() => openFilePicker(into)}>
      {text.library.upload}
    </Button>
  );
  useKeys({ onClear: clear, onDelete: () => deleteWithUndo(selectedDocuments) });

  return (
    <div className="mx-auto flex h-full min-h-0 w-full max-w-7xl flex-col px-4 pt-4 pb-3 sm:px-8 sm:pt-8 sm:pb-6">
      <header className="mb-4 flex items-center justify-between gap-3">
        <div className="flex min-w-0 items-baseline gap-3">
          <h1 className="truncate text-2xl font-semibold tracking-tight">
            {here?.name ?? text.library.title}
          </h1>
          <p role="status" className="text-sm whitespace-nowrap text-muted tabular-nums">
            {documents === undefined || total === 0 ? '' : text.library.count(total, formatNumber(total))}
          </p>
        </div>
        {canAdd ? (
          <div className="flex shrink-0 items-center gap-1">
            {upload}
            <Menu
              trigger={
                <IconButton label={text.library.uploadMore} icon={<MoreHorizontal className="size-4" />} />
              }
              entries={[
                {
                  label: text.library.uploadFolder,
                  icon: <FolderUp className="size-4" />,
                  onSelect: () => openFolderPicker(into),
                },
                {
                  label: text.library.uploadUrl,
                  icon: <Link2 className="size-4" />,
                  onSelect: () => openUrlDialog(into),
                },
              ]}
            />
          </div>
        ) : null}
      </header>
      <FilterBar
        filter={filter}
        collections={collections ?? []}
        sort={sort}
        onChange={change}
        onSort={sortBy}
      />
      <div className="relative flex min-h-0 flex-1 flex-col">
        {documents === undefined ? (
          loaded.error === null ? (
            <Waiting />
          ) : (
            <ErrorState error={loaded.error} onRetry={loaded.retry} />
          )
        ) : total > 0 ? (
          <DocumentList
            documents={documents}
            total={total}
            isOutdated={loaded.isOutdated}
            collections={byId}
            selected={selected.ids}
            sort={sort}
            onSort={(column) => sortBy(nextSort(sort, column))}
            onSelectAll={(on) =>
              select(
                on ? documents.filter(({ collectionId }) => canEdit(collectionId)).map(({ id }) => id) : [],
              )
            }
            reach={loaded.reach}
            actions={actions}
            listKey={listKey}
          />
        ) : filtered ? (
          <EmptyState
            icon={<FileSearch className="size-6" />}
            title={text.library.noMatchTitle}
            actions={
              <Button onClick={() => change({ ...NO_FILTER, collectionId: search.collectionId })}>
                {text.library.filters.clear}
              </Button>
            }
          >
            {text.library.noMatchText}
          </EmptyState>
        ) : (
          <EmptyState
            icon={<Files className="size-6" />}
            title={here === undefined ? text.library.emptyTitle : text.library.emptyCollectionTitle}
            actions={canAdd ? upload : undefined}
          >
            {here === undefined
              ? text.library.emptyText
              : canAdd
                ? text.library.emptyCollectionText
                : text.library.emptySharedText}
          </EmptyState>
        )}
        {documents !== undefined && loaded.error !== null ? (
          <div role="alert" className="mt-2 flex items-center justify-center gap-3 text-sm text-bad">
            {text.library.moreFault}
            <Button size="sm" onClick={loaded.retry}>
              {text.ui.tryAgain}
            </Button>
          </div>
        ) : null}
        {selectedDocuments.length === 0 ? null : (
          <BulkBar
            documents={selectedDocuments}
            total={total}
            onClear={clear}
            onSelectAll={async (onProgress) =>
              select(
                (await loaded.loadAll(onProgress))
                  .filter(({ collectionId }) => canEdit(collectionId))
                  .map(({ id }) => id),
              )
            }
          />
        )}
      </div>
      <DocumentDialogs open={dialog} onClose={() => setDialog(undefined)} />
    </div>
  );
}

/** Absent rather than `undefined`, so that the address stays short. */
const given = (fields: DocumentsFilter) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const Waiting = () => (
  <Loading>
    <div className="flex flex-col gap-2 rounded-lg border border-line bg-surface p-4 shadow-card">
      {Array.from({ length: 8 }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={i} className="h-11" />
      ))}
    </div>
  </Loading>
);

/** Escape drops the selection, Delete deletes it, Ctrl or Cmd + Z takes the latest delete back. */
function useKeys(keys: { onClear: () => void; onDelete: () => void }): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement &&
        event.target.matches('input:not([type=checkbox]), textarea, select, [contenteditable]');
      if (typing || event.defaultPrevented || window.document.querySelector('dialog[open], [role=menu]'))
        return;
      if (event.key === 'Escape') latest.current.onClear();
      else if (event.key === 'Delete') latest.current.onDelete();
      else if (event.key === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey) undoLatestDelete();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
