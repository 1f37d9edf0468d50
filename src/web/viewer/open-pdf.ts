import { GlobalWorkerOptions, getDocument, type PDFDocumentProxy, VerbosityLevel } from 'pdfjs-dist';
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url';
import { originalBytes } from '../data/documents.ts';
import { PdfData } from './pdf-data.ts';

GlobalWorkerOptions.workerSrc = workerUrl;

/** A picture with more pixels than this would take the tab's memory. */
const MAX_IMAGE_PIXELS = 64_000_000;

/**
 * Loads and opens the original of a document. Scripts in it never run, and it is read in a worker of its own that ends
 * with `destroy()` or with the signal.
 *
 * @throws as `originalBytes`; errors of pdf.js where the file can't be read
 */
export async function openPdf(
  documentId: string,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<PDFDocumentProxy> {
  const data = await originalBytes(documentId, onProgress, signal);
  signal.throwIfAborted();
  const loading = getDocument({
    data,
    BinaryDataFactory: PdfData,
    useWorkerFetch: false,
    // a second worker that only draws doubles what is loaded, for pages that are drawn in some 50 ms
    disableWorkerRendering: true,
    maxImageSize: MAX_IMAGE_PIXELS,
    verbosity: VerbosityLevel.ERRORS,
  } as Parameters<typeof getDocument>[0]);
  const stop = () => void loading.destroy();
  signal.addEventListener('abort', stop, { once: true });
  return loading.promise;
}
