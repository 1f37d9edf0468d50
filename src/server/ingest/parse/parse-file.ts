import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { AppError } from '../../errors.ts';
import type { ParsedPart, ParseInput } from '../../ports/parser.ts';
import { detectPackage, detectShell, detectText, type Format, MIME_TYPES, pictureFormat } from './detect.ts';
import { DocumentWriter, type HandOn } from './document-writer.ts';
import { broken, empty, needsOcr } from './faults.ts';
import { LIMITS } from './limits.ts';
import { decodeText } from './text-encoding.ts';

/**
 * Reads one file: what it is, then its text. Readers are loaded when their format first comes, so that the
 * process starts fast and holds only what it needs.
 *
 * @param handOn takes the parts before the last; without it the document is one part.
 * @returns the last part.
 * @throws AppError of the parse group, or FILE_MISSING; nothing else.
 */
export async function parseFile(input: ParseInput, handOn?: HandOn): Promise<ParsedPart> {
  try {
    const bytes = await readStored(input.path);
    const out = new DocumentWriter(handOn, { pictures: input.pictures });
    return await parseBytes(bytes, extname(input.filename).slice(1).toLowerCase(), 0, out);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw broken('The file is damaged and cannot be read.', error);
  }
}

/**
 * The page as a picture, for a recognizer: of a PDF drawn as a grey PNM, else the file itself.
 *
 * @param page from 1.
 * @throws AppError of the parse group, or FILE_MISSING.
 */
export async function drawPage(input: ParseInput, page: number): Promise<Uint8Array> {
  const bytes = await readStored(input.path);
  const shell = detectShell(bytes, extname(input.filename).slice(1).toLowerCase());
  if (shell === 'pdf') return (await import('./pdf-page-image.ts')).drawPdfPage(bytes, page);
  if (shell === 'picture') return bytes;
  throw broken('The file has no pages that are pictures.');
}

async function readStored(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new AppError('FILE_MISSING', 'The stored file cannot be opened.', { cause: error });
  }
}

/** @param depth how many mails this file is inside of. */
async function parseBytes(
  bytes: Buffer,
  extension: string,
  depth: number,
  out: DocumentWriter,
): Promise<ParsedPart> {
  const format = await read(bytes, extension, depth, out);
  return out.finish(MIME_TYPES[format]);
}

async function read(bytes: Buffer, extension: string, depth: number, out: DocumentWriter): Promise<Format> {
  const shell = detectShell(bytes, extension);
  switch (shell) {
    case 'pdf':
      await (await import('./pdf.ts')).readPdf({ bytes, extension }, out);
      return 'pdf';
    case 'zip':
      return readPackage(bytes, extension, out);
    case 'compound':
      return (await import('./legacy-office.ts')).readLegacyOffice(bytes, out);
    case 'rtf':
      await (await import('./rtf.ts')).readRtf(bytes, out);
      return 'rtf';
    case 'text':
      return readText(bytes, extension, depth, out);
    case 'picture':
      if (!out.takesPictures) throw needsOcr();
      out.pageIsPicture();
      return pictureFormat(bytes);
    default:
      return shell satisfies never;
  }
}

async function readPackage(bytes: Buffer, extension: string, out: DocumentWriter): Promise<Format> {
  const { ZipArchive } = await import('./zip.ts');
  const zip = new ZipArchive(bytes);
  const format = await detectPackage(zip, extension);
  switch (format) {
    case 'docx':
      await (await import('./docx.ts')).readDocx(zip, out);
      break;
    case 'pptx':
      await (await import('./pptx.ts')).readPptx(zip, out);
      break;
    case 'xlsx':
      await (await import('./xlsx.ts')).readXlsx(zip, out);
      break;
    case 'epub':
      await (await import('./epub.ts')).readEpub(zip, out);
      break;
    default:
      await (await import('./open-document.ts')).readOpenDocument(zip, format, out);
  }
  return format;
}

async function readText(
  bytes: Buffer,
  extension: string,
  depth: number,
  out: DocumentWriter,
): Promise<Format> {
  const text = await decodeText(bytes);
  if (text.trim() === '') throw empty();
  const format = detectText(text, extension);
  switch (format) {
    case 'html':
      (await import('./html.ts')).writeHtml(
        await (await import('./html-encoding.ts')).decodeHtml(bytes, text),
        out,
      );
      return 'html';
    case 'markdown':
      (await import('./markdown.ts')).writeMarkdown(text, out);
      return format;
    case 'csv':
      (await import('./csv.ts')).writeCsv(text, extension, out);
      return format;
    case 'json':
    case 'jsonl':
      return (await import('./json.ts')).writeJson(text, format, out);
    case 'eml':
      await (await import('./eml.ts')).readMail(
        bytes,
        out,
        depth < LIMITS.mailDepth
          ? (attached, name) => parseBytes(attached, name, depth + 1, new DocumentWriter())
          : undefined,
      );
      return format;
    case 'code':
      (await import('./plain-text.ts')).writeCode(text, out);
      return format;
    default:
      (await import('./plain-text.ts')).writePlainText(text, out);
      return 'text';
  }
}
