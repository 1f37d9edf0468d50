import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef } from 'react';
import { cx } from '../ui/cx.ts';

/** Where to go; a new object goes there again. */
export interface Target {
  readonly page: number;
  /** The passage to mark, as offsets into the page's extracted text. */
  readonly span?: { readonly start: number; readonly end: number } | undefined;
}

export interface PageListHandle {
  /** Brings something on a page to the middle. */
  center(element: Element): void;
}

interface PageListProps {
  readonly label: string;
  readonly pages: number;
  readonly target: Target;
  /** Height in pixels of a page that was not drawn yet. */
  readonly heightOf: (page: number) => number;
  /** When it changes, all heights have: the place is kept. */
  readonly scale: number;
  /** Pages keep their width and the list scrolls sideways; else they fit into it. */
  readonly wide?: boolean;
  readonly onPage: (page: number) => void;
  readonly onKey?: (event: React.KeyboardEvent) => void;
  readonly children: (page: number) => ReactNode;
  readonly ref?: Ref<PageListHandle>;
}

const GAP = 16;

/** Pages one under the other; only those near the window exist. */
export function PageList({
  label,
  pages,
  target,
  heightOf,
  scale,
  wide = false,
  onPage,
  onKey,
  children,
  ref,
}: PageListProps) {
  const scroller = useRef<HTMLElement>(null);
  const virtualizer = useVirtualizer({
    count: pages,
    getScrollElement: () => scroller.current,
    estimateSize: (i) => heightOf(i + 1),
    overscan: 1,
    gap: GAP,
    paddingStart: GAP,
    paddingEnd: GAP,
    scrollPaddingStart: GAP,
  });
  const items = virtualizer.getVirtualItems();

  const heights = useRef({ scale, total: 0 });
  useLayoutEffect(() => {
    const before = heights.current;
    if (before.scale !== scale) {
      const element = scroller.current as HTMLElement;
      const share = element.scrollTop / Math.max(1, before.total);
      virtualizer.measure();
      element.scrollTop = share * virtualizer.getTotalSize();
    }
    heights.current = { scale, total: virtualizer.getTotalSize() };
  });

  useEffect(() => {
    const shown = virtualizer.getVirtualItems().some(({ index }) => index === target.page - 1);
    // of a page that is there already, the mark brings itself to the middle
    if (!(shown && target.span !== undefined)) virtualizer.scrollToIndex(target.page - 1, { align: 'start' });
  }, [target, virtualizer]);

  const middle = (virtualizer.scrollOffset ?? 0) + (scroller.current?.clientHeight ?? 0) / 2;
  const current = items.findLast(({ start }) => start <= middle) ?? items[0];
  const currentPage = (current?.index ?? 0) + 1;
  useEffect(() => onPage(currentPage), [currentPage, onPage]);

  useImperativeHandle(ref, () => ({
    center(element) {
      const box = scroller.current;
      if (box === null) return;
      // told of the page's height now: told later, it would move what is shown by the difference
      const page = element.closest<HTMLElement>('[data-index]');
      if (page !== null) virtualizer.resizeItem(Number(page.dataset['index']), page.offsetHeight);
      const outer = box.getBoundingClientRect();
      const inner = element.getBoundingClientRect();
      box.scrollTop += inner.top + inner.height / 2 - (outer.top + outer.height / 2.4);
      if (inner.left < outer.left || inner.right > outer.right)
        box.scrollLeft += inner.left - outer.left - 24;
    },
  }));

  return (
    <section
      ref={scroller}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard
      tabIndex={0}
      onKeyDown={onKey}
      className="relative min-h-0 min-w-0 flex-1 overflow-auto bg-sunken outline-offset-[-2px]"
    >
      <div className={cx('relative', wide && 'min-w-fit')} style={{ height: virtualizer.getTotalSize() }}>
        <div
          className={wide ? 'min-w-fit' : undefined}
          style={{ transform: `translateY(${items[0]?.start ?? 0}px)` }}
        >
          {items.map(({ index, key }) => (
            <div
              key={key}
              ref={virtualizer.measureElement}
              data-index={index}
              className={wide ? 'min-w-fit' : undefined}
              style={{ paddingBottom: 0, marginBottom: GAP }}
            >
              {children(index + 1)}
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}
