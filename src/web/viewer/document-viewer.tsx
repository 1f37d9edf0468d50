import { FileText, Minus, MoveHorizontal, Plus, ScanText } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import type { Document } from '../../contract/documents.ts';
import { formatPercent } from '../text/format.ts';
import * as text from '../text/text.ts';
import { IconButton } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { EmptyState, Loading, Skeleton } from '../ui/state.tsx';
import { PageField } from './page-field.tsx';
import { pageKindOf } from './page-kind.ts';
import type { Target } from './page-list.tsx';
import { TextPane } from './text-pane.tsx';
import { useWidth } from './use-width.ts';
import { larger, smaller, type Zoom } from './zoom.ts';

const PdfPane = lazy(() => import('./pdf-pane.tsx'));

/** Room for original and text beside each other. */
const WIDE_ENOUGH = 1100;

type View = 'original' | 'text' | 'both';

interface DocumentViewerProps {
  readonly document: Pick<Document, 'id' | 'title' | 'mimeType' | 'pages'>;
  /** The first to show, when there is no span. */
  readonly page?: number | undefined;
  /** A passage to mark: offsets into the page's extracted text. */
  readonly span?: { readonly page: number; readonly start: number; readonly end: number } | undefined;
}

/** A document's pages: the original of a PDF, the text that was read from any format, and a passage marked in both. */
export function DocumentViewer({ document, page, span }: DocumentViewerProps) {
  const kind = pageKindOf(document.mimeType);
  const hasOriginal = document.mimeType === 'application/pdf';
  const [box, width] = useWidth<HTMLDivElement>();
  const wide = width >= WIDE_ENOUGH;
  const [chosen, setChosen] = useState<View>();
  const [zoom, setZoom] = useState<Zoom>('fit');
  const [current, setCurrent] = useState(1);
  const [missing, setMissing] = useState<Target>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: where it leads counts, not which object says so
  const wanted = useMemo<Target>(
    () =>
      span === undefined
        ? { page: page ?? 1 }
        : { page: span.page, span: { start: span.start, end: span.end } },
    [page, span?.page, span?.start, span?.end],
  );
  const [target, setTarget] = useState(wanted);
  useEffect(() => setTarget(wanted), [wanted]);
  const go = (to: number) =>
    setTarget(({ page: at, span: kept }) => (at === to ? { page: to, span: kept } : { page: to }));

  const notMarked = missing !== undefined && missing === target;
  const onMissing = useCallback(() => setMissing(target), [target]);
  const view: View = !hasOriginal
    ? 'text'
    : notMarked && chosen !== 'both'
      ? 'text'
      : chosen === undefined || (chosen === 'both' && !wide)
        ? 'original'
        : chosen;

  if (document.pages === 0)
    return (
      <EmptyState icon={<FileText className="size-6" />} title={text.viewer.noPages}>
        {text.viewer.noPagesHint}
      </EmptyState>
    );
  const at = Math.min(target.page, document.pages);
  const shownTarget = at === target.page ? target : { page: at };
  return (
    <div ref={box} className="flex h-full min-h-0 min-w-0 flex-col">
      <div
        role="toolbar"
        aria-label={text.viewer.toolbar}
        className="flex min-h-11 flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line bg-surface px-2 py-1"
      >
        <PageField kind={kind} page={current} pages={document.pages} onGo={go} />
        {hasOriginal ? (
          <div className="flex items-center gap-2">
            {view === 'text' ? null : <ZoomButtons zoom={zoom} onZoom={setZoom} />}
            <ViewSwitch
              view={view}
              wide={wide}
              onView={(next) => {
                setChosen(next);
                setMissing(undefined);
              }}
            />
          </div>
        ) : null}
      </div>
      {notMarked ? (
        <p role="status" className="border-b border-line bg-warn-soft px-4 py-2 text-sm text-warn">
          {text.viewer.notMarked}
        </p>
      ) : null}
      <div className="flex min-h-0 flex-1 divide-x divide-line">
        {view === 'text' ? null : (
          <Suspense
            fallback={
              <Loading>
                <Skeleton className="m-4 h-96 w-64" />
              </Loading>
            }
          >
            <PdfPane
              document={document}
              target={shownTarget}
              zoom={zoom}
              onZoom={setZoom}
              onPage={setCurrent}
              onMissing={onMissing}
              onShowText={() => setChosen('text')}
            />
          </Suspense>
        )}
        {view === 'original' ? null : (
          <TextPane
            document={document}
            kind={kind}
            target={shownTarget}
            onPage={view === 'both' ? ignore : setCurrent}
          />
        )}
      </div>
    </div>
  );
}

const ignore = () => undefined;

function ZoomButtons({ zoom, onZoom }: { zoom: Zoom; onZoom: (zoom: Zoom) => void }) {
  const now = zoom === 'fit' ? 1 : zoom;
  return (
    <div className="flex items-center">
      <IconButton
        small
        label={text.viewer.zoomOut}
        keys="−"
        icon={<Minus className="size-4" />}
        onClick={() => onZoom(smaller(now))}
      />
      <span className="w-11 text-center text-xs text-muted tabular-nums max-sm:hidden" aria-live="polite">
        {zoom === 'fit' ? text.viewer.fit : formatPercent(zoom)}
      </span>
      <IconButton
        small
        label={text.viewer.zoomIn}
        keys="+"
        icon={<Plus className="size-4" />}
        onClick={() => onZoom(larger(now))}
      />
      <IconButton
        small
        label={text.viewer.fitWidth}
        keys="0"
        aria-pressed={zoom === 'fit'}
        icon={<MoveHorizontal className="size-4" />}
        onClick={() => onZoom('fit')}
      />
    </div>
  );
}

function ViewSwitch({ view, wide, onView }: { view: View; wide: boolean; onView: (view: View) => void }) {
  const views: readonly View[] = wide ? ['original', 'text', 'both'] : ['original', 'text'];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a set of switches, not of form fields
    <div role="group" aria-label={text.viewer.views} className="flex rounded-md bg-sunken p-0.5">
      {views.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === view}
          onClick={() => onView(each)}
          className={cx(
            'flex h-7 items-center gap-1.5 rounded-sm px-2.5 text-xs font-medium whitespace-nowrap',
            each === view ? 'bg-surface text-ink shadow-card' : 'text-muted hover:text-ink',
          )}
        >
          {each === 'text' ? <ScanText aria-hidden className="size-3.5" /> : null}
          {text.viewer[each]}
        </button>
      ))}
    </div>
  );
}
