import { broken, empty, encrypted, unsupported } from './faults.ts';
import { wordPart } from './office-package.ts';
import { wideEncoding } from './text-encoding.ts';
import type { ZipArchive } from './zip.ts';

export type Format =
  | 'pdf'
  | 'docx'
  | 'pptx'
  | 'xlsx'
  | 'odt'
  | 'ods'
  | 'odp'
  | 'epub'
  | 'doc'
  | 'xls'
  | 'ppt'
  | 'rtf'
  | 'html'
  | 'markdown'
  | 'csv'
  | 'json'
  | 'jsonl'
  | 'eml'
  | 'code'
  | 'text'
  | PictureFormat;

/** Those that recognizers read. */
type PictureFormat = 'png' | 'jpeg' | 'gif' | 'bmp' | 'tiff' | 'webp';

export const MIME_TYPES: Readonly<Record<Format, string>> = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  odt: 'application/vnd.oasis.opendocument.text',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  odp: 'application/vnd.oasis.opendocument.presentation',
  epub: 'application/epub+zip',
  doc: 'application/msword',
  xls: 'application/vnd.ms-excel',
  ppt: 'application/vnd.ms-powerpoint',
  rtf: 'application/rtf',
  html: 'text/html',
  markdown: 'text/markdown',
  csv: 'text/csv',
  json: 'application/json',
  jsonl: 'application/jsonl',
  eml: 'message/rfc822',
  code: 'text/x-source',
  text: 'text/plain',
  png: 'image/png',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  bmp: 'image/bmp',
  tiff: 'image/tiff',
  webp: 'image/webp',
};

/** What the first bytes say: a container to look into, text to look at, or a picture. */
export type Shell = 'pdf' | 'zip' | 'compound' | 'rtf' | 'text' | 'picture';

/**
 * Decides from the content; the extension only refuses a text that poses as a binary format (mostly a
 * sign-in page saved under a document's name).
 *
 * @throws AppError FILE_EMPTY, UNSUPPORTED_FORMAT, FILE_BROKEN
 */
export function detectShell(bytes: Buffer, extension: string): Shell {
  if (bytes.length === 0) throw empty();
  const head = bytes.subarray(0, 4096);
  const start = head.toString('latin1');
  // the PDF mark may stand behind a few foreign bytes
  const pdfAt = bytes.subarray(0, 1024).indexOf('%PDF-');
  if (pdfAt === 0 || (pdfAt > 0 && (extension === 'pdf' || !isText(head)))) return 'pdf';
  if (start.startsWith('PK\x03\x04') || start.startsWith('PK\x05\x06')) return 'zip';
  if (start.startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) return 'compound';
  if (start.startsWith('{\\rtf')) return 'rtf';
  if (!isText(bytes.subarray(0, 64 * 1024))) {
    if (pictureMark(start) !== undefined) return 'picture';
    throw unsupported(describeBinary(start));
  }
  if (BINARY_EXTENSIONS.has(extension)) {
    const what = /<(?:!doctype html|html)[\s>]/i.test(start) ? 'a web page' : 'plain text';
    throw broken(`The file is named .${extension} but holds ${what}, so it is probably a failed download.`);
  }
  return 'text';
}

const BINARY_EXTENSIONS = new Set(
  'pdf docx docm dotx pptx pptm ppsx xlsx xlsm odt ods odp epub ppt zip png jpg jpeg gif tif tiff'.split(' '),
);

/** Few control characters. NULs count less than others: they slip into texts that programs cut from memory. */
function isText(bytes: Buffer): boolean {
  if (begins(bytes.toString('latin1', 0, 8), ...PROGRAMS, '%!PS') && bytes.includes(0)) return false;
  if (wideEncoding(bytes) !== undefined) return true;
  let nuls = 0;
  let controls = 0;
  for (const byte of bytes) {
    if (byte === 0) nuls++;
    else if (byte < 0x20 && !LAYOUT.has(byte)) controls++;
  }
  return controls <= Math.max(2, bytes.length * 0.05) && nuls <= Math.max(2, bytes.length * 0.25);
}

/** Tab, line feed, vertical tab, form feed, carriage return, end of a DOS file, escape. */
const LAYOUT = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1a, 0x1b]);

const begins = (start: string, ...marks: readonly string[]): boolean =>
  marks.some((mark) => start.startsWith(mark));

/** Of a file that `detectShell` takes for a picture. */
export function pictureFormat(bytes: Buffer): PictureFormat {
  return pictureMark(bytes.toString('latin1', 0, 16)) ?? 'png';
}

function pictureMark(start: string): PictureFormat | undefined {
  if (start.startsWith('\x89PNG')) return 'png';
  if (start.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (start.startsWith('GIF8')) return 'gif';
  if (start.startsWith('BM')) return 'bmp';
  if (begins(start, 'II*\0', 'MM\0*')) return 'tiff';
  return start.startsWith('RIFF') && start.startsWith('WEBP', 8) ? 'webp' : undefined;
}

const PROGRAMS = ['MZ', '\x7fELF', '\xca\xfe\xba\xbe', '\xcf\xfa\xed\xfe', '\0asm'];
const ARCHIVES = ['\x1f\x8b', '7z\xbc\xaf', 'Rar!', 'BZh', '\xfd7zXZ', '\x28\xb5\x2f\xfd'];
const RECORDINGS = ['ID3', '\xff\xfb', 'OggS', 'RIFF', 'fLaC', '\x1aE\xdf\xa3'];

function describeBinary(start: string): string {
  if (begins(start, ...PROGRAMS)) return 'The file is a program, not a document.';
  if (begins(start, ...ARCHIVES)) return 'The file is an archive; archives are not unpacked.';
  if (begins(start, ...RECORDINGS) || start.startsWith('ftyp', 4)) {
    return 'The file holds sound or video, which has no text to read.';
  }
  return 'The content is of no format that can be read.';
}

/** Which package a zip archive is. @throws AppError UNSUPPORTED_FORMAT, FILE_ENCRYPTED, FILE_BROKEN */
export async function detectPackage(zip: ZipArchive, extension: string): Promise<Format> {
  const mimetype = (await zip.bytes('mimetype'))?.toString('latin1', 0, 200).trim();
  if (mimetype === MIME_TYPES.epub || (mimetype === undefined && zip.has('META-INF/container.xml')))
    return 'epub';
  if (mimetype?.startsWith('application/vnd.oasis.opendocument.')) {
    const manifest = (await zip.bytes('META-INF/manifest.xml'))?.toString('utf8') ?? '';
    if (manifest.includes('encryption-data')) throw encrypted();
    if (mimetype.includes('.text')) return 'odt';
    if (mimetype.includes('.spreadsheet')) return 'ods';
    if (mimetype.includes('.presentation')) return 'odp';
    throw unsupported('The file is an OpenDocument drawing or formula.');
  }
  const format =
    wordPart(zip) !== undefined
      ? 'docx'
      : zip.has('ppt/presentation.xml')
        ? 'pptx'
        : zip.has('xl/workbook.xml')
          ? 'xlsx'
          : undefined;
  if (format === undefined) {
    if (zip.has('xl/workbook.bin')) throw unsupported('The file is a binary Excel workbook (.xlsb).');
    if (zip.has('[Content_Types].xml')) throw broken('The Office file has lost its main part.');
    throw unsupported('The file is a zip archive; archives are not unpacked.');
  }
  const named = OFFICE_NAMES.get(extension.slice(0, 3));
  // the office programs refuse this as well: the name is what the reader will look for in a citation
  if (named !== undefined && named !== format) {
    throw broken(`The file is named .${extension} but is a ${format.toUpperCase()} file.`);
  }
  return format;
}

const OFFICE_NAMES: ReadonlyMap<string, Format> = new Map([
  ['doc', 'docx'],
  ['ppt', 'pptx'],
  ['xls', 'xlsx'],
]);

/** Which kind of text a decoded file is. */
export function detectText(text: string, extension: string): Format {
  const start = text.slice(0, 4096).trimStart();
  if (extension === 'eml' || extension === 'mht' || extension === 'mhtml' || looksLikeMail(start))
    return 'eml';
  if (looksLikeDrawing(start)) throw unsupported('The file is a drawing (SVG).');
  const byName = TEXT_EXTENSIONS.get(extension);
  if (byName === 'html' || ((byName === undefined || byName === 'text') && looksLikeHtml(start)))
    return 'html';
  if (byName !== undefined) return byName === 'text' && looksLikeMarkdown(text) ? 'markdown' : byName;
  if (CODE_EXTENSIONS.has(extension)) return 'code';
  if (/^[[{]/.test(start) && isJson(text)) return 'json';
  return looksLikeMarkdown(text) ? 'markdown' : 'text';
}

const TEXT_EXTENSIONS: ReadonlyMap<string, Format> = new Map([
  ['html', 'html'],
  ['htm', 'html'],
  ['xhtml', 'html'],
  ['md', 'markdown'],
  ['markdown', 'markdown'],
  ['mdx', 'markdown'],
  ['csv', 'csv'],
  ['tsv', 'csv'],
  ['tab', 'csv'],
  ['json', 'json'],
  ['geojson', 'json'],
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
  ['txt', 'text'],
  ['text', 'text'],
  ['log', 'text'],
]);

const CODE_EXTENSIONS = new Set(
  (
    'ts tsx mts cts js jsx mjs cjs py pyi rb go rs c h cc cpp cxx hpp hh cs java kt kts scala swift m mm php pl pm lua r jl ' +
    'sh bash zsh fish ps1 bat sql graphql proto css scss sass less vue svelte xml xsd xsl yaml yml toml ini cfg conf ' +
    'env properties gradle cmake mk dockerfile tf hcl nix hs ml mli ex exs erl clj cljs lisp el vim asm s f f90 pas dart zig ' +
    'groovy tex bib diff patch'
  ).split(' '),
);

const looksLikeDrawing = (start: string): boolean =>
  /^(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*|<!doctype[^>]*(?:\[[^\]]*\])?[^>]*>\s*)*<svg[\s>]/i.test(start);

const looksLikeHtml = (start: string): boolean =>
  /^(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)?<(?:!doctype\s+html|html|head|body)[\s>]/i.test(start) ||
  /^GIF8.{0,200}<html[\s>]/is.test(start);

/** A message begins with header fields; two well-known ones and an empty line make it one. */
function looksLikeMail(start: string): boolean {
  const head = /^(?:[\w-]{1,60}:[^\n]*\n(?:[ \t][^\n]*\n)*){3,}\r?\n/.exec(start)?.[0];
  if (head === undefined) return false;
  return (
    [
      /^from:/im,
      /^(?:to|cc|bcc):/im,
      /^date:/im,
      /^subject:/im,
      /^message-id:/im,
      /^received:/im,
      /^mime-version:/im,
    ].filter((field) => field.test(head)).length >= 3
  );
}

/** Two signs of Markdown that plain text hardly shows: headings, fences, links, rules of tables. */
function looksLikeMarkdown(text: string): boolean {
  const sample = text.slice(0, 20_000);
  let signs = 0;
  if (/^#{1,6} \S/m.test(sample)) signs++;
  if (/^(?:```|~~~)/m.test(sample)) signs += 2;
  if (/\[[^\]\n]{1,200}\]\([^)\s]{1,400}\)/.test(sample)) signs++;
  if (/^\|? ?:?-{3,}:? ?\|/m.test(sample)) signs++;
  return signs >= 2;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
