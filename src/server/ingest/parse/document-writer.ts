import type { Block, ParsedPage, ParsedPart } from '../../ports/parser.ts';
import { cleanLayout, cleanLine, cleanRunning } from './clean-text.ts';
import { empty, tooComplex } from './faults.ts';
import { LIMITS } from './limits.ts';

type Level = 1 | 2 | 3 | 4 | 5 | 6;

/** Takes pages that are complete while later ones are still read; resolves once they are on their way. */
export type HandOn = (part: ParsedPart) => Promise<void>;

/**
 * Characters of a part. For 9 MB of text the ingest thread takes 2.4 s of CPU in parts of 64 k, 2.0 in 256 k, 1.9
 * in 1,024 k; but what comes last is indexed when nothing is read any more, 0.1 s for 512 k.
 */
const PART_LENGTH = 512_000;

/**
 * Takes a document's blocks in reading order and keeps text and offsets in step: every text is cleaned
 * before it is measured, so a block is always exactly its slice of the page.
 */
export class DocumentWriter {
  /** From metadata; the first heading stands in when it stays unset. */
  title: string | undefined;
  readonly #handOn: HandOn | undefined;
  /** Complete, and not handed on yet. */
  #pages: ParsedPage[] = [];
  #ready = 0;
  #handedOn = 0;
  #parts: string[] = [];
  #blocks: Block[] = [];
  #length = 0;
  #total = 0;
  #firstHeading: string | undefined;
  /** What the first part said, set once there is one. */
  #titleOfParts: { readonly title: string | undefined } | undefined;
  #begun = false;
  #isPicture = false;
  #pictures = 0;
  /** Pages that are pictures are worth something although they have no text. */
  readonly takesPictures: boolean;

  constructor(handOn?: HandOn, { pictures = false }: { readonly pictures?: boolean | undefined } = {}) {
    this.#handOn = handOn;
    this.takesPictures = pictures;
  }

  /** Begins a page; blocks that came before the first call are page 1 with it. */
  newPage(): void {
    if (this.#begun || this.#length > 0) this.#endPage();
    this.#begun = true;
    if (this.#handedOn + this.#pages.length >= LIMITS.pages) {
      throw tooComplex(`The file has more than ${LIMITS.pages.toLocaleString('en')} pages.`);
    }
  }

  /** This page is for a recognizer: what it shows is a picture. */
  pageIsPicture(): void {
    this.#isPicture = true;
  }

  get pageIsEmpty(): boolean {
    return this.#length === 0;
  }

  heading(text: string, level: number): void {
    const clean = cleanLine(text);
    const depth = Math.min(6, Math.max(1, Math.round(level))) as Level;
    const span = this.#add(clean);
    if (span === undefined) return;
    this.#blocks.push({ kind: 'heading', level: depth, ...span });
    this.#firstHeading ??= clean;
  }

  /** Line ends in `text` stay (verse, addresses). */
  paragraph(text: string): void {
    const span = this.#add(cleanRunning(text));
    if (span !== undefined) this.#blocks.push({ kind: 'paragraph', ...span });
  }

  /** @param items with their markers, such as `- ` or `2. `; `depth` indents, from 0. */
  list(items: readonly { readonly text: string; readonly depth: number }[]): void {
    const lines = items
      .map(({ text, depth }) => ({ text: cleanLine(text), depth: Math.min(Math.max(0, depth), 9) }))
      .filter(({ text }) => text !== '');
    const span = this.#add(
      lines.map(({ text, depth }, i) => (i === 0 ? '' : '  '.repeat(depth)) + text).join('\n'),
    );
    if (span !== undefined) this.#blocks.push({ kind: 'list', ...span });
  }

  code(text: string): void {
    const span = this.#add(cleanLayout(text));
    if (span !== undefined) this.#blocks.push({ kind: 'code', ...span });
  }

  /** @param headerRows how many of the first rows are headers; 0 when unknown. */
  table(rows: Iterable<readonly string[]>, headerRows: number): void {
    const lines: string[] = [];
    let headerLines = 0;
    let row = 0;
    let length = 0;
    for (const cells of rows) {
      const line = tableLine(cells);
      if (line !== '') {
        lines.push(line);
        length += line.length + 1;
        if (row < headerRows) headerLines++;
        // a table may be most of the document: stop before it is joined
        if (this.#total + length > LIMITS.textLength) throw tooMuchText();
      }
      row++;
    }
    const span = this.#add(lines.join('\n'));
    if (span === undefined) return;
    const header = headerLines > 0 && headerLines < lines.length;
    const headerEnd = span.start + lines.slice(0, headerLines).join('\n').length;
    this.#blocks.push({ kind: 'table', ...span, ...(header ? { headerEnd } : {}) });
  }

  /** Blocks of a page that another writer made, at the end of this one. */
  appendPage({ text, blocks }: ParsedPage): void {
    for (const block of blocks) {
      const span = this.#add(text.slice(block.start, block.end));
      if (span === undefined) continue;
      const moved = { ...block, ...span };
      if (moved.kind === 'table' && moved.headerEnd !== undefined) {
        this.#blocks.push({ ...moved, headerEnd: moved.headerEnd - block.start + span.start });
      } else this.#blocks.push(moved);
    }
  }

  /**
   * Hands on the complete pages once they are worth a message. For readers that know type, title and number of
   * pages before they are through; of the headings only those up to here can stand in for a title.
   */
  async handOnPages(whole: { readonly mimeType: string; readonly pageCount: number }): Promise<void> {
    if (this.#handOn === undefined || this.#ready < PART_LENGTH) return;
    this.#titleOfParts ??= { title: this.#ownTitle() };
    const part = {
      ...whole,
      ...named(this.#titleOfParts.title),
      pages: this.#pages,
      pictures: this.#pictures,
      last: false,
    };
    this.#handedOn += this.#pages.length;
    this.#pages = [];
    this.#ready = 0;
    await this.#handOn(part);
  }

  /**
   * The whole document, or what follows on the pages handed on.
   * @throws AppError FILE_EMPTY when no page has text.
   */
  finish(mimeType: string): ParsedPart {
    this.#endPage();
    if (this.#total === 0 && !(this.takesPictures && this.#pictures > 0)) throw empty();
    return {
      mimeType,
      ...named(this.#titleOfParts === undefined ? this.#ownTitle() : this.#titleOfParts.title),
      pageCount: this.#handedOn + this.#pages.length,
      pages: this.#pages,
      pictures: this.#pictures,
      last: true,
    };
  }

  #ownTitle(): string | undefined {
    return (cleanLine(this.title ?? '') || this.#firstHeading)?.slice(0, 300).toWellFormed();
  }

  #add(text: string): { start: number; end: number } | undefined {
    if (text === '') return undefined;
    const start = this.#length === 0 ? 0 : this.#length + 2;
    if (this.#length > 0) this.#parts.push('\n\n');
    this.#parts.push(text);
    this.#length = start + text.length;
    this.#total += text.length;
    if (this.#total > LIMITS.textLength) throw tooMuchText();
    return { start, end: this.#length };
  }

  #endPage(): void {
    this.#pages.push({
      number: this.#handedOn + this.#pages.length + 1,
      text: this.#parts.join(''),
      blocks: this.#blocks,
      ...(this.#isPicture ? { picture: true } : {}),
    });
    if (this.#isPicture) this.#pictures++;
    this.#isPicture = false;
    this.#ready += this.#length;
    this.#parts = [];
    this.#blocks = [];
    this.#length = 0;
  }
}

const named = (title: string | undefined) => (title === undefined ? {} : { title });

const tooMuchText = () =>
  tooComplex(`The file unpacks to more than ${LIMITS.textLength / 1_000_000} million characters of text.`);

function tableLine(cells: readonly string[]): string {
  const clean = cells.map(cleanLine);
  while (clean.length > 0 && clean.at(-1) === '') clean.pop();
  return clean.join(' | ').trim();
}
