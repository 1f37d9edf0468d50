import { MIME_TYPES } from './detect.ts';
import type { DocumentWriter } from './document-writer.ts';
import { broken, empty, encrypted, needsOcr, tooComplex } from './faults.ts';
import type { FormatReader } from './format-reader.ts';
import { LIMITS } from './limits.ts';
import { Furniture, NEARBY } from './pdf-furniture.ts';
import { type DocumentLook, folded, look, writePage } from './pdf-layout.ts';
import { type Pdfium, pdfium } from './pdf-library.ts';
import { type LinePage, readLines } from './pdf-lines.ts';

/** PDF by PDFium, which is C++ in WebAssembly: a file that breaks it breaks only this process. */
export const readPdf: FormatReader = async ({ bytes }, out) => {
  const pdf = await pdfium();
  const data = pdf.malloc(bytes.length);
  pdf.HEAPU8.set(bytes, data);
  const document = pdf.FPDF_LoadMemDocument(data, bytes.length, 0);
  try {
    if (document === 0) throw pdf.FPDF_GetLastError() === PASSWORD ? encrypted() : damaged();
    const count = pdf.FPDF_GetPageCount(document);
    if (count === 0) throw damaged();
    if (count > LIMITS.pages)
      throw tooComplex(`The PDF has ${count} pages; at most ${LIMITS.pages} are read.`);
    out.title = worthShowing(metaText(pdf, document, 'Title'));
    await new PdfReading(pdf, document, count, out).write();
  } finally {
    if (document !== 0) pdf.FPDF_CloseDocument(document);
    pdf.free(data);
  }
};

/** A document of more pages than this is measured by a sample of them first. */
const SAMPLE_PAGES = 40;

/** Page after page: held at a time are the sample and as many as the search for repeated lines needs. */
class PdfReading {
  readonly #pdf: Pdfium;
  readonly #document: number;
  readonly #count: number;
  readonly #out: DocumentWriter;
  readonly #hasForms: boolean;
  readonly #furniture = new Furniture();
  readonly #held = new Map<number, ReadPage>();
  #empty = true;

  constructor(pdf: Pdfium, document: number, count: number, out: DocumentWriter) {
    this.#pdf = pdf;
    this.#document = document;
    this.#count = count;
    this.#out = out;
    this.#hasForms = pdf.FPDF_GetFormType(document) !== 0;
  }

  async write(): Promise<void> {
    const style = look(this.#sample(), readOutline(this.#pdf, this.#document, this.#count));
    let pictures = 0;
    let unreadable = 0;
    for (let index = 0; index < this.#count + NEARBY; index++) {
      if (index < this.#count) {
        const page = this.#held.get(index) ?? this.#read(index);
        this.#held.set(index, page ?? EMPTY_PAGE);
        this.#furniture.add(index, page ?? EMPTY_PAGE);
        if (page === undefined) unreadable++;
        else if (page.lines.length > 0) this.#empty = false;
        else if (page.isPicture) pictures++;
      }
      this.#writePage(index - NEARBY, style);
      await this.#out.handOnPages({ mimeType: MIME_TYPES.pdf, pageCount: this.#count });
    }
    if (!this.#empty) return;
    if (unreadable === this.#count) throw damaged();
    if (pictures > 0 && this.#out.takesPictures) return;
    throw pictures > 0 ? needsOcr() : empty();
  }

  #read(index: number): ReadPage | undefined {
    return readPage(this.#pdf, this.#document, index, this.#hasForms);
  }

  /** Pages from all parts of the document, every one of a short document; they are not read again. */
  #sample(): LinePage[] {
    const step = Math.max(1, this.#count / SAMPLE_PAGES);
    for (let i = 0; i < Math.min(this.#count, SAMPLE_PAGES); i++) {
      const index = Math.floor(i * step);
      const page = this.#read(index);
      if (page !== undefined) this.#held.set(index, page);
    }
    return [...this.#held.values()];
  }

  #writePage(index: number, style: DocumentLook): void {
    const page = this.#held.get(index);
    if (page === undefined) return;
    this.#held.delete(index);
    this.#out.newPage();
    if (page.isPicture) this.#out.pageIsPicture();
    writePage(this.#furniture.clean(index, page), index, style, this.#out);
  }
}

const PASSWORD = 4;
const damaged = () => broken('The PDF is damaged and cannot be opened.');

interface ReadPage extends LinePage {
  readonly isPicture: boolean;
}
const EMPTY_PAGE: ReadPage = { lines: [], width: 0, height: 0, isPicture: false };

/** Undefined when PDFium cannot load the page. */
function readPage(pdf: Pdfium, document: number, index: number, hasForms: boolean): ReadPage | undefined {
  let page = pdf.FPDF_LoadPage(document, index);
  if (page === 0) return undefined;
  // form fields and text notes are drawn by annotations: flattening makes them part of the page
  if (hasWrittenAnnotations(pdf, page, hasForms) && pdf.FPDFPage_Flatten(page, 0) === FLATTENED) {
    pdf.FPDF_ClosePage(page);
    page = pdf.FPDF_LoadPage(document, index);
    if (page === 0) return undefined;
  }
  const textPage = pdf.FPDFText_LoadPage(page);
  try {
    if (textPage === 0) return undefined;
    const lines = readLines(pdf, textPage, pdf.FPDF_GetPageWidthF(page), pdf.FPDF_GetPageHeightF(page));
    return { ...lines, isPicture: isPicture(pdf, page, lines) };
  } finally {
    if (textPage !== 0) pdf.FPDFText_ClosePage(textPage);
    pdf.FPDF_ClosePage(page);
  }
}

const FLATTENED = 0;
const FREE_TEXT = 3;
const WIDGET = 20;

/** Looking at an annotation builds it: pages full of links (tables of contents) are passed over. */
const FEW_ANNOTATIONS = 20;

function hasWrittenAnnotations(pdf: Pdfium, page: number, hasForms: boolean): boolean {
  const count = pdf.FPDFPage_GetAnnotCount(page);
  if (count > (hasForms ? 1000 : FEW_ANNOTATIONS)) return false;
  for (let i = 0; i < count; i++) {
    const annotation = pdf.FPDFPage_GetAnnot(page, i);
    if (annotation === 0) continue;
    const subtype = pdf.FPDFAnnot_GetSubtype(annotation);
    pdf.FPDFPage_CloseAnnot(annotation);
    if (subtype === FREE_TEXT || subtype === WIDGET) return true;
  }
  return false;
}

const IMAGE = 3;
const FORM = 5;

/** A stamp, a page's number, the name of the scanning program. */
const STAMP_LETTERS = 40;
/** Of the page's area. */
const SCAN_SHARE = 0.6;

/** A page without text that shows a picture is what OCR is for, and one whose picture fills it behind a stamp. */
function isPicture(pdf: Pdfium, page: number, { lines, width, height }: LinePage): boolean {
  let letters = 0;
  for (const { cells } of lines) for (const { text } of cells) letters += text.length;
  if (letters > STAMP_LETTERS) return false;
  const count = Math.min(pdf.FPDFPage_CountObjects(page), 1000);
  for (let i = 0; i < count; i++) {
    const object = pdf.FPDFPage_GetObject(page, i);
    const type = pdf.FPDFPageObj_GetType(object);
    if (
      letters === 0 ? type === IMAGE || type === FORM : type === IMAGE && fills(pdf, object, width * height)
    )
      return true;
  }
  return false;
}

function fills(pdf: Pdfium, object: number, pageArea: number): boolean {
  const bounds = pdf.malloc(16);
  try {
    if (pdf.FPDFPageObj_GetBounds(object, bounds, bounds + 4, bounds + 8, bounds + 12) === 0) return false;
    const [left = 0, bottom = 0, right = 0, top = 0] = pdf.HEAPF32.subarray(bounds >> 2, (bounds >> 2) + 4);
    return (right - left) * (top - bottom) >= SCAN_SHARE * pageArea;
  } finally {
    pdf.free(bounds);
  }
}

const OUTLINE_ENTRIES = 10_000;

/** Outline titles by page; a damaged outline may run in circles, so entries are counted. */
function readOutline(pdf: Pdfium, document: number, pageCount: number): DocumentLook['outline'] {
  const byPage = new Map<number, Map<string, number>>();
  const stack: { bookmark: number; depth: number }[] = [
    { bookmark: pdf.FPDFBookmark_GetFirstChild(document, 0), depth: 1 },
  ];
  let entries = 0;
  for (let next = stack.pop(); next !== undefined && entries < OUTLINE_ENTRIES; next = stack.pop()) {
    const { bookmark, depth } = next;
    if (bookmark === 0) continue;
    entries++;
    stack.push({ bookmark: pdf.FPDFBookmark_GetNextSibling(document, bookmark), depth });
    if (depth < 6)
      stack.push({ bookmark: pdf.FPDFBookmark_GetFirstChild(document, bookmark), depth: depth + 1 });
    const destination = pdf.FPDFBookmark_GetDest(document, bookmark);
    const page = destination === 0 ? -1 : pdf.FPDFDest_GetDestPageIndex(document, destination);
    if (page < 0 || page >= pageCount) continue;
    const title = folded(utf16(pdf, (buffer, bytes) => pdf.FPDFBookmark_GetTitle(bookmark, buffer, bytes)));
    if (title === '') continue;
    const titles = byPage.get(page) ?? new Map<string, number>();
    if (!titles.has(title)) titles.set(title, depth);
    byPage.set(page, titles);
  }
  return byPage;
}

function metaText(pdf: Pdfium, document: number, tag: string): string {
  const name = pdf.malloc(tag.length + 1);
  pdf.HEAPU8.set(Buffer.from(`${tag}\0`, 'latin1'), name);
  try {
    return utf16(pdf, (buffer, bytes) => pdf.FPDF_GetMetaText(document, name, buffer, bytes));
  } finally {
    pdf.free(name);
  }
}

/** PDFium's way to give text: asked once for its length, NUL included, then for its bytes. */
function utf16(pdf: Pdfium, ask: (buffer: number, bytes: number) => number): string {
  const bytes = Math.min(ask(0, 0), 8192);
  if (bytes <= 2) return '';
  const buffer = pdf.malloc(bytes);
  try {
    ask(buffer, bytes);
    return Buffer.from(pdf.HEAPU8.buffer as ArrayBuffer, buffer, bytes - 2).toString('utf16le');
  } finally {
    pdf.free(buffer);
  }
}

/** Many programs leave a file name or "untitled" as the title. */
function worthShowing(title: string): string | undefined {
  const clean = title.trim();
  if (
    clean.length < 3 ||
    /^(?:\(?anonymous|untitled|unknown$|no title|microsoft word|document\d*|slide \d+)/i.test(clean)
  )
    return undefined;
  return /\.(?:docx?|pdf|jpe?g|png|tiff?|tex|dvi|indd|qxd|xlsx?|pptx?|ps|rtf|odt)$/i.test(clean) ||
    !/\p{L}/u.test(clean)
    ? undefined
    : clean;
}
