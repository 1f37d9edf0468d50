import './pdf-page.css';
import { useQuery } from '@tanstack/react-query';
import { type PDFDocumentProxy, type PDFPageProxy, RenderingCancelledException, TextLayer } from 'pdfjs-dist';
import { useEffect, useRef, useState } from 'react';
import { pageTextQuery } from '../data/documents.ts';
import { formatNumber } from '../text/format.ts';
import * as text from '../text/text.ts';
import { locatePassage } from './locate-passage.ts';
import { markTextLayer } from './mark-text-layer.ts';
import type { Slice } from './text-blocks.ts';

/** A canvas with more pixels than this fails on phones. */
const MAX_PIXELS = 16_000_000;

interface PdfPageProps {
  readonly pdf: PDFDocumentProxy;
  readonly documentId: string;
  readonly number: number;
  /** CSS pixels for a point, given the page's width in points. */
  readonly scaleFor: (width: number) => number;
  /** Width and height that stand in until the page is read, in points. */
  readonly usual: Size;
  readonly onSize: (page: number, size: Size) => void;
  readonly span: Slice | undefined;
  readonly onMark: (mark: Element) => void;
  /** The passage is not in the page's layout. */
  readonly onMissing: (page: number) => void;
}
export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Layer {
  readonly items: readonly HTMLElement[];
  readonly texts: readonly string[];
}

/** One page of a PDF: drawn on a canvas, with its text over it to select and to mark. */
export function PdfPage(props: PdfPageProps) {
  const { pdf, documentId, number, scaleFor, usual, onSize, span, onMark, onMissing } = props;
  const [page, setPage] = useState<PDFPageProxy>();
  const [layer, setLayer] = useState<Layer>();
  const [broken, setBroken] = useState(false);
  const canvas = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let left = false;
    let loaded: PDFPageProxy | undefined;
    pdf.getPage(number).then(
      (found) => {
        loaded = found;
        if (left) return void found.cleanup();
        const { width, height } = found.getViewport({ scale: 1 });
        onSize(number, { width, height });
        setPage(found);
      },
      () => !left && setBroken(true),
    );
    return () => {
      left = true;
      loaded?.cleanup();
    };
  }, [pdf, number, onSize]);

  const size = page?.getViewport({ scale: 1 }) ?? usual;
  const scale = scaleFor(size.width);
  useEffect(() => {
    const element = canvas.current;
    if (page === undefined || element === null) return;
    const { width, height } = page.getViewport({ scale });
    const density = Math.min(devicePixelRatio, Math.sqrt(MAX_PIXELS / (width * height)));
    const viewport = page.getViewport({ scale: scale * density });
    // drawn beside and put in its place when done, so that a page does not flash white when its size changes
    const fresh = document.createElement('canvas');
    fresh.width = Math.max(1, Math.floor(viewport.width));
    fresh.height = Math.max(1, Math.floor(viewport.height));
    const drawing = page.render({ canvas: fresh, viewport });
    drawing.promise.then(
      () => {
        element.width = fresh.width;
        element.height = fresh.height;
        element.getContext('2d')?.drawImage(fresh, 0, 0);
        fresh.width = fresh.height = 0;
      },
      (error: unknown) => {
        if (!(error instanceof RenderingCancelledException)) setBroken(true);
      },
    );
    return () => drawing.cancel();
  }, [page, scale]);

  useEffect(() => {
    const container = overlay.current;
    if (page === undefined || container === null) return;
    const textLayer = new TextLayer({
      textContentSource: page.streamTextContent(),
      container,
      viewport: page.getViewport({ scale: 1 }),
    });
    textLayer.render().then(
      () => setLayer({ items: textLayer.textDivs, texts: textLayer.textContentItemsStr }),
      () => undefined,
    );
    return () => {
      textLayer.cancel();
      container.replaceChildren();
      setLayer(undefined);
    };
  }, [page]);

  const extracted = useQuery({ ...pageTextQuery(documentId, number), enabled: span !== undefined }).data;
  useEffect(() => {
    if (layer === undefined || (span !== undefined && extracted === undefined)) return;
    const parts = span && extracted !== undefined ? locatePassage(layer.texts, extracted, span) : [];
    const mark = markTextLayer(layer.items, layer.texts, parts ?? []);
    if (mark !== undefined) onMark(mark);
    else if (span !== undefined) onMissing(number);
  }, [layer, span, extracted, number, onMark, onMissing]);

  return (
    // biome-ignore lint/a11y/useSemanticElements: a page is no set of form fields
    <div
      role="group"
      aria-label={text.viewer.page('page', formatNumber(number))}
      className="relative mx-auto bg-surface shadow-card"
      style={
        {
          width: size.width * scale,
          height: size.height * scale,
          '--total-scale-factor': scale,
        } as React.CSSProperties
      }
    >
      <canvas ref={canvas} aria-hidden className="size-full" />
      <div ref={overlay} className="pdf-text" />
      {broken ? (
        <p role="alert" className="absolute inset-x-0 top-1/3 text-center text-sm text-muted">
          {text.viewer.pageFault}
        </p>
      ) : null}
    </div>
  );
}
