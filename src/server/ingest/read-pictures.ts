import { AppError } from '../errors.ts';
import type { ParsedDocument, ParsedPage, ParsedPart, ParseInput, Parser } from '../ports/parser.ts';
import type { PageImages, RecognizedPage, Recognizer } from '../ports/recognizer.ts';
import { inOnePart } from './in-one-part.ts';
import { DocumentWriter } from './parse/document-writer.ts';
import { tooComplex } from './parse/faults.ts';
import { look, writePage } from './parse/pdf-layout.ts';
import type { LinePage } from './parse/pdf-lines.ts';
import { linesOf } from './recognized-lines.ts';

/** A scanned page takes some 2 s of a core: more would hold up everyone else's pictures for an hour. */
const MAX_PICTURES = 2000;

/** What reading pictures needs. */
export interface PictureReading {
  readonly parser: Pick<Parser, 'parse'>;
  readonly images: PageImages;
  readonly recognizer: Recognizer;
}

/**
 * Reads a file with the text of its pages that are pictures. A page whose picture can't be read stays empty, as long
 * as another one can.
 *
 * @param onPage told after each picture, and may wait.
 * @throws AppError of the parse group; FILE_EMPTY where the pictures hold no text that can be read.
 */
export async function readPictures(
  { parser, images, recognizer }: PictureReading,
  file: ParseInput,
  signal: AbortSignal,
  onPage: (done: number, all: number) => Promise<void> = async () => {},
): Promise<ParsedPart> {
  const read = await inOnePart(parser.parse({ ...file, pictures: true }, signal));
  const pictures = read.pages.filter((page) => page.picture);
  if (pictures.length > MAX_PICTURES)
    throw tooComplex(
      `The file has ${pictures.length} scanned pages; the text of at most ${MAX_PICTURES} is read.`,
    );
  const recognized = new Map<number, readonly RecognizedPage[]>();
  let fault: unknown;
  for (const [i, { number }] of pictures.entries()) {
    try {
      const image = await images.draw(file, number, signal);
      recognized.set(number, await recognizer.recognize(image, signal));
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError)) throw error;
      fault ??= error;
    }
    await onPage(i + 1, pictures.length);
  }
  const document = withRecognized(read, recognized);
  if (document.pages.some((page) => page.text !== '')) return document;
  throw fault ?? nothingReadable();
}

/** The document with what was recognized in the place of its pictures; a picture file may turn out to have several pages. */
function withRecognized(
  read: ParsedPart,
  recognized: ReadonlyMap<number, readonly RecognizedPage[]>,
): ParsedPart {
  const laidOut = layOut([...recognized.values()].flat());
  const pages: ParsedPage[] = [];
  for (const page of read.pages) {
    const instead = page.picture ? recognized.get(page.number) : undefined;
    const taken = instead === undefined ? [page] : laidOut.pages.splice(0, instead.length);
    // a stamp over a picture in which nothing can be read is all that there is
    const shown = taken.every(({ text }) => text === '') ? [page] : taken;
    for (const { text, blocks } of shown) pages.push({ number: pages.length + 1, text, blocks });
  }
  const title = read.title ?? laidOut.title;
  return { ...read, ...(title === undefined ? {} : { title }), pages, pageCount: pages.length };
}

function layOut(pages: readonly RecognizedPage[]): { title?: string; pages: ParsedPage[] } {
  const lines: LinePage[] = pages.map(linesOf);
  const style = look(lines, new Map());
  const out = new DocumentWriter(undefined, { pictures: true });
  for (const [i, page] of lines.entries()) {
    out.newPage();
    if (page.lines.length === 0) out.pageIsPicture();
    else writePage(page.lines, i, style, out);
  }
  if (pages.length === 0) return { pages: [] };
  const { title, pages: written }: ParsedDocument = out.finish('');
  return { ...(title === undefined ? {} : { title }), pages: [...written] };
}

const nothingReadable = () =>
  new AppError(
    'FILE_EMPTY',
    'The file holds pictures only, and no text could be read in them. Upload a sharper scan, or a version with real text.',
  );
