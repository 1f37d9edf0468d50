import { broken } from './faults.ts';
import { type Pdfium, pdfium } from './pdf-library.ts';

/** What recognizers are trained on; letters of 10 points are then some 30 pixels high. */
const PIXELS_PER_INCH = 300;
/** An A3 page at that resolution has 17 million. Larger pages are drawn smaller. */
const MAX_PIXELS = 20_000_000;
const GREY = 1;
const WHITE = 0xffffffff;
/** FPDF_ANNOT and FPDF_GRAYSCALE. */
const FLAGS = 0x01 | 0x08;

/**
 * @param number from 1.
 * @returns the page as a viewer shows it, as a grey PNM.
 */
export async function drawPdfPage(bytes: Buffer, number: number): Promise<Uint8Array> {
  const pdf = await pdfium();
  const data = pdf.malloc(bytes.length);
  pdf.HEAPU8.set(bytes, data);
  const document = pdf.FPDF_LoadMemDocument(data, bytes.length, 0);
  const page = document === 0 ? 0 : pdf.FPDF_LoadPage(document, number - 1);
  try {
    if (page === 0) throw broken(`Page ${number} of the PDF is damaged.`);
    return draw(pdf, page);
  } finally {
    if (page !== 0) pdf.FPDF_ClosePage(page);
    if (document !== 0) pdf.FPDF_CloseDocument(document);
    pdf.free(data);
  }
}

function draw(pdf: Pdfium, page: number): Uint8Array {
  const { width, height } = pixels(pdf.FPDF_GetPageWidthF(page), pdf.FPDF_GetPageHeightF(page));
  const bitmap = pdf.FPDFBitmap_CreateEx(width, height, GREY, 0, 0);
  if (bitmap === 0) throw broken('A page of the PDF cannot be drawn.');
  try {
    pdf.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
    pdf.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, FLAGS);
    const stride = pdf.FPDFBitmap_GetStride(bitmap);
    const from = pdf.FPDFBitmap_GetBuffer(bitmap);
    const head = Buffer.from(`P5\n${width} ${height}\n255\n`, 'latin1');
    const image = Buffer.allocUnsafe(head.length + width * height);
    image.set(head);
    for (let row = 0; row < height; row++) {
      const at = from + row * stride;
      image.set(pdf.HEAPU8.subarray(at, at + width), head.length + row * width);
    }
    return image;
  } finally {
    pdf.FPDFBitmap_Destroy(bitmap);
  }
}

function pixels(widthPoints: number, heightPoints: number): { width: number; height: number } {
  const full = PIXELS_PER_INCH / 72;
  const scale = Math.min(full, Math.sqrt(MAX_PIXELS / Math.max(1, widthPoints * heightPoints)));
  // a page of no area, or thinner than a pixel
  const side = (points: number) => Math.min(MAX_PIXELS, Math.max(1, Math.floor(points * scale)));
  return { width: side(widthPoints), height: side(heightPoints) };
}
