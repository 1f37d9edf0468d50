import { makeDocx, makeXlsx, paragraph } from '../fixtures/parse/make-package.ts';
import { column, makePdf, type PdfPage } from '../fixtures/parse/make-pdf.ts';

/** A file as the browser's file chooser takes it. */
export interface MadeFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** A PDF whose pages have a heading and paragraphs; lines are broken as a printer would. */
export function pdfFile(name: string, pages: readonly (readonly string[])[]): MadeFile {
  const made = pages.map(([heading = '', ...paragraphs]): PdfPage => {
    const lines = paragraphs.flatMap((words) => [...broken(words, 82), '']);
    return {
      texts: [
        { x: 64, y: 716, text: heading, size: 18, font: 'Helvetica-Bold' },
        ...column(64, 680, lines).filter(({ text }) => text !== ''),
      ],
    };
  });
  return { name, mimeType: 'application/pdf', buffer: makePdf(made) };
}

export function docxFile(name: string, heading: string, paragraphs: readonly string[]): MadeFile {
  const body = [
    paragraph(heading, '<w:pStyle w:val="Heading1"/>'),
    ...paragraphs.map((words) => paragraph(words)),
  ].join('');
  return {
    name,
    mimeType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    buffer: makeDocx(body),
  };
}

/** A workbook of one sheet. */
export function xlsxFile(
  name: string,
  sheet: string,
  rows: readonly (readonly (string | number)[])[],
): MadeFile {
  const cell = (value: string | number, column: number, row: number) => {
    const at = `${String.fromCharCode(65 + column)}${row + 1}`;
    return typeof value === 'number'
      ? `<c r="${at}"><v>${value}</v></c>`
      : `<c r="${at}" t="inlineStr"><is><t>${value}</t></is></c>`;
  };
  const content = rows
    .map((row, i) => `<row r="${i + 1}">${row.map((value, j) => cell(value, j, i)).join('')}</row>`)
    .join('');
  return {
    name,
    mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    buffer: makeXlsx({ [sheet]: content }),
  };
}

export const textFile = (name: string, content: string): MadeFile => ({
  name,
  mimeType: 'text/markdown',
  buffer: Buffer.from(content),
});

/** A PDF that asks for a password that nobody has. */
export const lockedPdfFile = (name: string): MadeFile => ({
  name,
  mimeType: 'application/pdf',
  buffer: makePdf([{ texts: [{ x: 64, y: 700, text: 'Sealed' }] }], {
    trailer: `/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -3904 /O <${'5a'.repeat(32)}> /U <${'a5'.repeat(32)}> >> /ID [<${'00'.repeat(16)}> <${'00'.repeat(16)}>]`,
  }),
});

function broken(words: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of words.split(' ')) {
    const line = lines.at(-1) as string;
    if (line !== '' && line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** Letters and digits only: what remains the same when lines are broken and hyphens and spaces differ. */
export const folded = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
