/**
 * Extracts text from one stored file. Runs hostile input, so drivers isolate it: own process, time limit,
 * memory limit.
 */
export interface Parser {
  /**
   * The document in parts, as they are read: a short one in one part, of a long one the first pages come while
   * later ones are still read. The reading starts at once and does not wait for whoever takes the parts, so
   * that limits of time measure the reading alone; what waits is bounded, since text is. Who stops taking parts
   * stops the reading. A fault may come after some parts: what they gave is then worth nothing.
   *
   * @throws AppError with a code of the `parse` group (UNSUPPORTED_FORMAT, FILE_ENCRYPTED, FILE_BROKEN,
   * FILE_EMPTY, FILE_TOO_COMPLEX, NEEDS_OCR, PARSE_TIMEOUT, PARSE_MEMORY) and a message for the person
   * who uploaded the file.
   */
  parse(file: ParseInput, signal?: AbortSignal): AsyncIterable<ParsedPart>;
  close(): Promise<void>;
}

export interface ParseInput {
  readonly path: string;
  /** As uploaded: only its extension is used, and only as a hint. */
  readonly filename: string;
  /** Someone will read the pictures: a file of nothing else is taken, with empty pages, instead of NEEDS_OCR. */
  readonly pictures?: boolean;
}

export interface ParsedDocument {
  /** Decided from the content. */
  readonly mimeType: string;
  /** From the document's own metadata or first heading; absent when it has none worth showing. */
  readonly title?: string;
  /** In order. `number` starts at 1 and has no gaps: page, slide, sheet, chapter; 1 for formats without pages. */
  readonly pages: readonly ParsedPage[];
}

/** Some pages of a document, those that follow on the part before. All but `pages` and `last` is the same in every part. */
export interface ParsedPart extends ParsedDocument {
  /** Of the whole document. */
  readonly pageCount: number;
  /** Pages up to here that are pictures; absent: none. */
  readonly pictures?: number;
  /** No more pages follow, and the document is sound. */
  readonly last: boolean;
}

export interface ParsedPage {
  readonly number: number;
  /**
   * The page's whole text, NFC, `\n` line ends, well-formed UTF-16, no NUL. Blocks are separated by blank lines.
   * Every offset elsewhere counts UTF-16 code units of this string.
   */
  readonly text: string;
  /** In order, never overlapping, covering everything but the space between them. */
  readonly blocks: readonly Block[];
  /** The page shows a picture and has no text, or a few letters over a picture that fills it. */
  readonly picture?: true;
}

/** `text.slice(start, end)` of its page. */
export type Block =
  | {
      readonly kind: 'heading';
      readonly level: 1 | 2 | 3 | 4 | 5 | 6;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'paragraph' | 'list' | 'code'; readonly start: number; readonly end: number }
  /** Rows are lines, cells are separated by ` | `; `headerEnd` ends the header row(s) when the table has any. */
  | { readonly kind: 'table'; readonly start: number; readonly end: number; readonly headerEnd?: number };
