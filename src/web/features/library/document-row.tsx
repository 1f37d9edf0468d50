import { Ellipsis, RotateCw } from 'lucide-react';
import { memo } from 'react';
import type { Document } from '../../../contract/documents.ts';
import { formatBytes, formatDate, formatDateTime } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Checkbox } from '../../ui/field.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Skeleton } from '../../ui/state.tsx';
import { reindexOne } from './change-documents.ts';
import type { Columns } from './columns.ts';
import { type DocumentActions, documentEntries } from './document-entries.tsx';
import { DocumentStatus } from './document-status.tsx';
import { TypeIcon, typeName } from './document-type.tsx';
import { tagsThatFit } from './tags-that-fit.ts';

export const ROW_HEIGHT = 60;
export const CARD_HEIGHT = 96;

export interface RowActions extends DocumentActions {
  readonly onOpen: (id: string) => void;
  readonly onToggle: (id: string, range: boolean) => void;
}

export interface RowProps {
  readonly document: Document;
  /** Counted from 1. */
  readonly place: number;
  readonly selected: boolean;
  readonly canEdit: boolean;
  readonly collectionName: string;
  readonly actions: RowActions;
}

const retry = (document: Document) => void reindexOne(document);

/** Drawn again only when something of its own changes: thousands scroll by. */
export const DocumentRow = memo(function DocumentRow({ columns, ...props }: RowProps & { columns: Columns }) {
  const { document, place, selected, canEdit, collectionName } = props;
  const { title, filename, mimeType, sizeBytes, tags, createdAt } = document;
  const shownTags = tagsThatFit(tags);
  return (
    // biome-ignore lint/a11y/useSemanticElements: only the rows in sight exist, which a table element cannot say
    // biome-ignore lint/a11y/useFocusableInteractive: what is in it takes the focus
    <div
      role="row"
      aria-rowindex={place + 1}
      style={{ gridTemplateColumns: columns.template, height: ROW_HEIGHT }}
      className={cx(
        'relative grid items-center border-b border-line text-sm',
        selected ? 'bg-accent-soft' : 'hover:bg-hover',
      )}
    >
      <Cell className="flex justify-center">
        <SelectBox {...props} />
      </Cell>
      <Cell className="flex min-w-0 items-center gap-3 pr-4">
        <TypeIcon mimeType={mimeType} className="size-5 shrink-0 text-muted" />
        <div className="min-w-0">
          <OpenLink document={document} onOpen={props.actions.onOpen} />
          <SecondLine document={document} fallback={filename === title ? typeName(mimeType) : filename} />
        </div>
      </Cell>
      <Cell className="relative z-1 flex min-w-0 items-center gap-1 pr-3">
        <DocumentStatus
          document={document}
          onRetry={canEdit ? retry : undefined}
          className="min-w-0 flex-1"
        />
        {document.status === 'failed' && document.progress === undefined && canEdit ? (
          <IconButton
            small
            label={text.library.retryOf(title)}
            icon={<RotateCw className="size-3.5" />}
            onClick={() => retry(document)}
          />
        ) : null}
      </Cell>
      {columns.collection ? <Cell className="truncate pr-3 text-xs text-muted">{collectionName}</Cell> : null}
      {columns.tags ? (
        <Cell className="flex min-w-0 gap-1 pr-3">
          {shownTags.map((tag) => (
            <Badge key={tag} className="min-w-0">
              <span className="truncate">{tag}</span>
            </Badge>
          ))}
          {tags.length > shownTags.length ? (
            <Badge>{text.library.moreTags(tags.length - shownTags.length)}</Badge>
          ) : null}
        </Cell>
      ) : null}
      {columns.size ? (
        <Cell className="pr-3 text-right text-xs whitespace-nowrap text-muted tabular-nums">
          {formatBytes(sizeBytes)}
        </Cell>
      ) : null}
      <Cell className="pr-1 pl-3 text-xs whitespace-nowrap text-muted">
        <time dateTime={createdAt} title={formatDateTime(createdAt)}>
          {formatDate(createdAt)}
        </time>
      </Cell>
      <Cell className="relative z-1 flex justify-center">
        <RowMenu {...props} />
      </Cell>
    </div>
  );
});

export const DocumentCard = memo(function DocumentCard({ total, ...props }: RowProps & { total: number }) {
  const { document, place, selected, canEdit } = props;
  const { title, filename, mimeType, sizeBytes, createdAt } = document;
  return (
    // biome-ignore lint/a11y/useSemanticElements: only the cards in sight exist, and each stands at its place
    <div
      role="listitem"
      aria-posinset={place}
      aria-setsize={total}
      style={{ height: CARD_HEIGHT }}
      className={cx(
        'relative flex gap-1 border-b border-line py-3 pr-1 pl-1 text-sm',
        selected ? 'bg-accent-soft' : 'hover:bg-hover',
      )}
    >
      <SelectBox {...props} />
      <div className="flex min-w-0 flex-1 flex-col gap-0.5">
        <OpenLink document={document} onOpen={props.actions.onOpen} />
        <SecondLine document={document} fallback={filename === title ? typeName(mimeType) : filename} />
        <div className="mt-auto flex min-w-0 items-center gap-2 text-xs text-muted">
          <div className="relative z-1 min-w-0">
            <DocumentStatus
              document={document}
              onRetry={canEdit ? retry : undefined}
              className={document.progress === undefined ? undefined : 'w-36'}
            />
          </div>
          <span className="ml-auto truncate whitespace-nowrap tabular-nums">
            {formatBytes(sizeBytes)} · <time dateTime={createdAt}>{formatDate(createdAt)}</time>
          </span>
        </div>
      </div>
      <div className="relative z-1">
        <RowMenu {...props} />
      </div>
    </div>
  );
});

const Cell = ({ className, children }: { className?: string; children: React.ReactNode }) => (
  // biome-ignore lint/a11y/useSemanticElements: see the row
  <div role="cell" className={className}>
    {children}
  </div>
);

/**
 * Its hit area is the whole row; what else can be pressed lies above it. Not the router's link, which matches its
 * address against the page's with every row that scrolls in.
 */
const OpenLink = ({
  document: { id, title },
  onOpen,
}: {
  document: Document;
  onOpen: RowActions['onOpen'];
}) => (
  <a
    href={`/library/${id}`}
    data-open
    onClick={(event) => {
      // a new tab or window is the browser's to open
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      onOpen(id);
    }}
    className="block truncate font-medium outline-offset-[-2px] after:absolute after:inset-0 hover:underline focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-offset-[-2px] focus-visible:after:outline-accent-text"
  >
    {title}
  </a>
);

const SecondLine = ({
  document: { status, error, progress },
  fallback,
}: {
  document: Document;
  fallback: string;
}) =>
  status === 'failed' && progress === undefined && error !== undefined ? (
    <p className="truncate text-xs text-bad" title={error.detail}>
      {error.title}. {error.detail}
    </p>
  ) : (
    <p className="truncate text-xs text-muted">{fallback}</p>
  );

/** The label makes the target larger than the box. */
const SelectBox = ({ document: { id, title }, selected, canEdit, actions }: RowProps) => (
  // biome-ignore lint/a11y/noLabelWithoutControl: the box in it is a component of the kit
  <label className="relative z-1 grid size-10 shrink-0 place-items-center">
    <Checkbox
      aria-label={canEdit ? text.library.select(title) : text.library.readOnly(title)}
      checked={selected}
      disabled={!canEdit}
      onChange={(event) => actions.onToggle(id, (event.nativeEvent as MouseEvent).shiftKey)}
    />
  </label>
);

const RowMenu = ({ document, canEdit, actions }: RowProps) => (
  <Menu
    trigger={
      <IconButton label={text.library.menuOf(document.title)} icon={<Ellipsis className="size-4" />} />
    }
    entries={documentEntries(document, canEdit, actions)}
  />
);

/** Stands where a row will be that is not loaded yet. */
export const WaitingRow = memo(function WaitingRow({ place, card }: { place: number; card: boolean }) {
  return (
    <div
      role={card ? 'listitem' : 'row'}
      {...(card ? {} : { 'aria-rowindex': place + 1 })}
      style={{ height: card ? CARD_HEIGHT : ROW_HEIGHT }}
      className="flex items-center gap-3 border-b border-line px-4"
    >
      <div role={card ? undefined : 'cell'} className="flex w-full items-center gap-3">
        <span className="sr-only">{text.library.loadingRow}</span>
        <Skeleton className="ml-8 size-5 shrink-0" />
        <div className="flex flex-1 flex-col gap-2">
          <Skeleton className="h-3 w-2/5" />
          <Skeleton className="h-2.5 w-1/4" />
        </div>
        <Skeleton className={cx('h-3 w-24', card && 'hidden')} />
      </div>
    </div>
  );
});

/** What can be read of a row that rushes by: so many come in each frame that their controls would hold it up. */
export const PassingRow = memo(function PassingRow({
  document: { title, filename },
  place,
  card,
}: {
  document: Document;
  place: number;
  card: boolean;
}) {
  return (
    <div
      role={card ? 'listitem' : 'row'}
      {...(card ? {} : { 'aria-rowindex': place + 1 })}
      style={{ height: card ? CARD_HEIGHT : ROW_HEIGHT }}
      className={cx('border-b border-line text-sm', card ? 'px-12 pt-3' : 'px-[4.75rem] pt-2')}
    >
      <div role={card ? undefined : 'cell'} className="max-w-96">
        <p className="truncate font-medium">{title}</p>
        <p className="truncate text-xs text-muted">{filename}</p>
      </div>
    </div>
  );
});
