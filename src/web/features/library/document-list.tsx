import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useCallback, useEffect, useRef } from 'react';
import type { Collection } from '../../../contract/collections.ts';
import type { Document } from '../../../contract/documents.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { cx } from '../../ui/cx.ts';
import { Checkbox } from '../../ui/field.tsx';
import { useWidth } from '../../viewer/use-width.ts';
import { type Columns, columnsFor, TABLE_WIDTH } from './columns.ts';
import {
  CARD_HEIGHT,
  DocumentCard,
  DocumentRow,
  PassingRow,
  ROW_HEIGHT,
  type RowActions,
  WaitingRow,
} from './document-row.tsx';
import { directionOf, type Sort, type SortColumn } from './sort.ts';

const HEAD_HEIGHT = 40;
const BAR_HEIGHT = 72;
/** Rows that rushed by get their controls once the list rests this long. */
const SETTLED_MS = 100;
/** Rows drawn outside of the window, so that a fast wheel meets no gap. */
const OVERSCAN = 4;

interface DocumentListProps {
  readonly documents: readonly Document[];
  readonly total: number;
  readonly isOutdated: boolean;
  readonly collections: ReadonlyMap<string, Collection>;
  readonly selected: ReadonlySet<string>;
  readonly sort: Sort;
  readonly onSort: (column: SortColumn) => void;
  readonly onSelectAll: (on: boolean) => void;
  readonly reach: (index: number) => void;
  readonly actions: RowActions;
  /** When it changes the list begins at the top again. */
  readonly listKey: string;
}

/** All documents that match, as a table or, where it is narrow, as cards. Only those in sight exist. */
export function DocumentList(props: DocumentListProps) {
  const { documents, total, collections, selected, actions, reach, listKey } = props;
  const [scroller, width] = useWidth<HTMLDivElement>();
  const card = width < TABLE_WIDTH;
  const columns = columnsFor(width, collections.size > 1);
  const head = card ? 0 : HEAD_HEIGHT;
  const focused = useRef<number>(undefined);
  const virtualizer = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => (card ? CARD_HEIGHT : ROW_HEIGHT),
    overscan: OVERSCAN,
    scrollMargin: head,
    scrollPaddingStart: head,
    // the bar of actions lies over the end of the list
    paddingEnd: selected.size > 0 ? BAR_HEIGHT : 0,
    scrollPaddingEnd: selected.size > 0 ? BAR_HEIGHT : 0,
    useFlushSync: false,
    isScrollingResetDelay: SETTLED_MS,
    // the row with the focus stays, or the focus would be lost with it
    rangeExtractor: useCallback((range: Range) => {
      const shown = defaultRangeExtractor(range);
      const kept = focused.current;
      return kept === undefined || kept >= range.count || shown.includes(kept)
        ? shown
        : [...shown, kept].sort((a, b) => a - b);
    }, []),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the heights depend on it
  useEffect(() => virtualizer.measure(), [card, virtualizer]);

  const lastInSight = virtualizer.range?.endIndex ?? 0;
  useEffect(() => reach(lastInSight), [reach, lastInSight]);

  const shownKey = useRef(listKey);
  useEffect(() => {
    if (shownKey.current === listKey) return;
    shownKey.current = listKey;
    focused.current = undefined;
    virtualizer.scrollToOffset(0);
  }, [listKey, virtualizer]);

  const wanted = useRef<number>(undefined);
  useEffect(() => {
    if (wanted.current === undefined) return;
    const link = scroller.current?.querySelector<HTMLElement>(
      `[data-index="${wanted.current}"] a[data-open]`,
    );
    if (link == null) return;
    wanted.current = undefined;
    link.focus({ preventScroll: true });
  });

  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const drawnFirst = useRef(first);
  const rushing = virtualizer.isScrolling && Math.abs(first - drawnFirst.current) > items.length / 2;
  useEffect(() => {
    drawnFirst.current = first;
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the rows in it
    <div
      ref={scroller}
      data-scroll-restoration-id="library"
      className={cx(
        'relative min-h-0 flex-1 overflow-y-auto rounded-lg border border-line bg-surface shadow-card',
        props.isOutdated && 'opacity-60',
      )}
      onFocus={({ target }) => {
        const place = target.closest<HTMLElement>('[data-index]')?.dataset['index'];
        focused.current = place === undefined ? undefined : Number(place);
      }}
      onBlur={() => {
        focused.current = undefined;
      }}
      onKeyDown={(event) => {
        const from = focused.current;
        const to = from === undefined ? undefined : goal(event.key, from, total);
        if (
          event.target instanceof HTMLElement &&
          event.target.matches('a[data-open], input[type=checkbox]')
        ) {
          const document = from === undefined ? undefined : documents[from];
          if (to !== undefined) {
            event.preventDefault();
            wanted.current = to;
            virtualizer.scrollToIndex(to);
            // a row in sight already gets it at once
            scroller.current?.querySelector<HTMLElement>(`[data-index="${to}"] a[data-open]`)?.focus();
          } else if (event.key === ' ' && event.target.matches('a') && document !== undefined) {
            event.preventDefault();
            const role = collections.get(document.collectionId)?.role;
            if (role !== 'viewer') actions.onToggle(document.id, event.shiftKey);
          }
        }
      }}
    >
      {width === 0 ? null : (
        <div
          {...(card ? {} : { role: 'table', 'aria-label': text.library.list, 'aria-rowcount': total + 1 })}
        >
          {card ? null : <Head {...props} columns={columns} />}
          <div
            {...(card ? { role: 'list', 'aria-label': text.library.list } : { role: 'rowgroup' })}
            className="relative"
            style={{ height: virtualizer.getTotalSize() }}
          >
            {items.map(({ index, start }) => {
              const document = documents[index];
              const collection = document && collections.get(document.collectionId);
              const own = document && {
                document,
                place: index + 1,
                selected: selected.has(document.id),
                canEdit: collection?.role !== 'viewer',
                collectionName: collection?.name ?? '',
                actions,
              };
              return (
                <div
                  key={index}
                  role="presentation"
                  data-index={index}
                  // the browser lays out each row by itself
                  className="absolute inset-x-0 top-0 contain-strict"
                  style={{
                    height: card ? CARD_HEIGHT : ROW_HEIGHT,
                    transform: `translateY(${start - head}px)`,
                  }}
                >
                  {own === undefined ? (
                    <WaitingRow place={index + 1} card={card} />
                  ) : rushing ? (
                    <PassingRow document={own.document} place={index + 1} card={card} />
                  ) : card ? (
                    <DocumentCard {...own} total={total} />
                  ) : (
                    <DocumentRow {...own} columns={columns} />
                  )}
                </div>
              );
            })}
          </div>
        </div>
      )}
    </div>
  );
}

/** Where a key leads from a row. */
function goal(key: string, from: number, total: number): number | undefined {
  const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: total - 1 }[key];
  return to === undefined || to < 0 || to >= total ? undefined : to;
}

function Head({
  documents,
  collections,
  selected,
  sort,
  onSort,
  onSelectAll,
  columns,
}: DocumentListProps & { columns: Columns }) {
  const { columns: names } = text.library;
  const selectable = documents.filter(({ collectionId }) => collections.get(collectionId)?.role !== 'viewer');
  const all = selectable.length > 0 && selected.size >= selectable.length;
  const sorted = (column: SortColumn, name: string, end = false) => (
    <SortHead name={name} column={column} sort={sort} onSort={onSort} end={end} />
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the table
    <div
      role="rowgroup"
      className="sticky top-0 z-10 border-b border-line bg-surface text-xs font-medium text-muted"
    >
      {/* biome-ignore lint/a11y/useFocusableInteractive: its buttons take the focus */}
      {/* biome-ignore lint/a11y/useSemanticElements: see the table */}
      <div
        role="row"
        aria-rowindex={1}
        className="grid items-center"
        style={{ gridTemplateColumns: columns.template, height: HEAD_HEIGHT - 1 }}
      >
        <HeadCell className="flex justify-center">
          {/* biome-ignore lint/a11y/noLabelWithoutControl: the box in it is a component of the kit */}
          <label className="grid size-10 place-items-center">
            <Checkbox
              aria-label={text.library.selectAll}
              title={formatNumber(selectable.length)}
              checked={all}
              disabled={selectable.length === 0}
              ref={(box) => {
                if (box !== null) box.indeterminate = !all && selected.size > 0;
              }}
              onChange={() => onSelectAll(!all)}
            />
          </label>
        </HeadCell>
        {sorted('title', names.title)}
        <HeadCell>{names.status}</HeadCell>
        {columns.collection ? <HeadCell>{names.collection}</HeadCell> : null}
        {columns.tags ? <HeadCell>{names.tags}</HeadCell> : null}
        {columns.size ? sorted('sizeBytes', names.size, true) : null}
        {sorted('createdAt', names.added)}
        <HeadCell>
          <span className="sr-only">{names.actions}</span>
        </HeadCell>
      </div>
    </div>
  );
}

const HeadCell = ({ className, children }: { className?: string; children: React.ReactNode }) => (
  // biome-ignore lint/a11y/useSemanticElements: see the table
  // biome-ignore lint/a11y/useFocusableInteractive: what is in it takes the focus
  <div role="columnheader" className={className}>
    {children}
  </div>
);

function SortHead({
  name,
  column,
  sort,
  onSort,
  end,
}: {
  name: string;
  column: SortColumn;
  sort: Sort;
  onSort: (column: SortColumn) => void;
  end: boolean;
}) {
  const direction = directionOf(sort, column);
  const Arrow = direction === 'descending' ? ArrowDown : ArrowUp;
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the table
    // biome-ignore lint/a11y/useFocusableInteractive: its button takes the focus
    <div
      role="columnheader"
      aria-sort={direction}
      className={cx('flex', end && 'justify-end pr-1.5', column === 'createdAt' && 'pl-1.5')}
    >
      <button
        type="button"
        onClick={() => onSort(column)}
        className={cx(
          'group flex h-7 items-center gap-1 rounded-sm px-1.5 hover:bg-hover hover:text-ink',
          column === 'title' && '-ml-1.5',
          end && 'flex-row-reverse',
          direction !== 'none' && 'text-ink',
        )}
      >
        {name}
        <Arrow
          aria-hidden
          className={cx(
            'size-3',
            direction === 'none' && 'opacity-0 group-hover:opacity-60 group-focus-visible:opacity-60',
          )}
        />
      </button>
    </div>
  );
}
