import type { PDFDocumentProxy } from 'pdfjs-dist';
import { useCallback, useEffect, useRef, useState } from 'react';
import { isAbort } from '../client/problem.ts';
import { formatPercent } from '../text/format.ts';
import * as text from '../text/text.ts';
import { Button } from '../ui/button.tsx';
import { Progress } from '../ui/progress.tsx';
import { ErrorState } from '../ui/state.tsx';
import { openPdf } from './open-pdf.ts';
import { PageList, type PageListHandle, type Target } from './page-list.tsx';
import { PdfPage, type Size } from './pdf-page.tsx';
import { useWidth } from './use-width.ts';
import { type Zoom, zoomKey } from './zoom.ts';

const A4: Size = { width: 595, height: 842 };
/** Points are 1/72 inch, CSS pixels 1/96. */
const PIXELS_PER_POINT = 96 / 72;
const SIDE_MARGIN = 16;
const WIDEST_FIT = 960;

interface PdfPaneProps {
  readonly document: { readonly id: string; readonly title: string };
  readonly target: Target;
  readonly zoom: Zoom;
  readonly onZoom: (zoom: Zoom) => void;
  readonly onPage: (page: number) => void;
  readonly onMissing: (page: number) => void;
  readonly onShowText: () => void;
}

type Opening =
  | { readonly status: 'loading'; readonly share: number }
  | { readonly status: 'open'; readonly pdf: PDFDocumentProxy; readonly usual: Size }
  | { readonly status: 'failed'; readonly error: unknown };

/** The original of a PDF, page under page. Loaded as its own chunk together with pdf.js. */
export default function PdfPane(props: PdfPaneProps) {
  const { document, target, zoom, onZoom, onPage, onMissing, onShowText } = props;
  const [opening, setOpening] = useState<Opening>({ status: 'loading', share: 0 });
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt opens it again
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    setOpening({ status: 'loading', share: 0 });
    openPdf(document.id, (share) => setOpening({ status: 'loading', share }), signal)
      .then(async (pdf) => {
        const { width, height } = (await pdf.getPage(1)).getViewport({ scale: 1 });
        if (!signal.aborted) setOpening({ status: 'open', pdf, usual: { width, height } });
      })
      .catch((error: unknown) => {
        if (!signal.aborted && !isAbort(error)) setOpening({ status: 'failed', error });
      });
    return () => stop.abort();
  }, [document.id, attempt]);

  const [box, width] = useWidth<HTMLDivElement>();
  const usual = opening.status === 'open' ? opening.usual : A4;
  const sizes = useRef(new Map<number, Size>());
  const onSize = useCallback((page: number, size: Size) => sizes.current.set(page, size), []);
  const fitted = Math.min(WIDEST_FIT, Math.max(200, width - 2 * SIDE_MARGIN));
  const scaleFor = useCallback(
    (pageWidth: number) => (zoom === 'fit' ? fitted / pageWidth : zoom * PIXELS_PER_POINT),
    [zoom, fitted],
  );

  const list = useRef<PageListHandle>(null);
  const onMark = useCallback((mark: Element) => list.current?.center(mark), []);

  return (
    <div ref={box} className="flex min-h-0 min-w-0 flex-1 flex-col bg-sunken">
      {opening.status === 'loading' ? (
        <div role="status" className="m-auto flex w-64 max-w-full flex-col gap-3 p-4 text-sm text-muted">
          {opening.share > 0
            ? text.viewer.loadingShare(formatPercent(opening.share))
            : text.viewer.loadingOriginal}
          <Progress
            label={text.viewer.loadingOriginal}
            percent={opening.share > 0 ? opening.share * 100 : undefined}
          />
        </div>
      ) : opening.status === 'failed' ? (
        <div className="m-auto flex flex-col items-center pb-8">
          <ErrorState error={opening.error} onRetry={() => setAttempt((n) => n + 1)} />
          <p className="-mt-8 px-4 text-center text-sm text-muted">{text.viewer.originalFaultHint}</p>
          <Button look="quiet" className="mt-2 text-accent-text" onClick={onShowText}>
            {text.viewer.showText}
          </Button>
        </div>
      ) : width === 0 ? null : (
        <PageList
          ref={list}
          wide
          label={text.viewer.originalOf(document.title)}
          pages={opening.pdf.numPages}
          target={target}
          heightOf={(page) => {
            const size = sizes.current.get(page) ?? usual;
            return size.height * scaleFor(size.width);
          }}
          scale={scaleFor(usual.width)}
          onPage={onPage}
          onKey={(event) => {
            const next = zoomKey(event, scaleFor(usual.width) / PIXELS_PER_POINT);
            if (next === undefined) return;
            event.preventDefault();
            onZoom(next);
          }}
        >
          {(page) => (
            <PdfPage
              pdf={opening.pdf}
              documentId={document.id}
              number={page}
              scaleFor={scaleFor}
              usual={usual}
              onSize={onSize}
              span={page === target.page ? target.span : undefined}
              onMark={onMark}
              onMissing={onMissing}
            />
          )}
        </PageList>
      )}
    </div>
  );
}
