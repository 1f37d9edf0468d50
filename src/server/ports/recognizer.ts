import type { ParseInput } from './parser.ts';

/** Finds text in pictures. Pictures are hostile input: drivers bound time and memory of each. */
export interface Recognizer {
  /** Why it can't read now, as the end of a sentence; undefined when it can. What was missing may come later. */
  missing(): Promise<string | undefined>;
  /**
   * @param image a picture file: PNM, PNG, JPEG, TIFF, GIF, BMP or WebP.
   * @returns its pages, one but for a TIFF of several; a page without a word has no lines.
   * @throws AppError FILE_BROKEN, PARSE_TIMEOUT or PARSE_MEMORY.
   */
  recognize(image: Uint8Array, signal: AbortSignal): Promise<readonly RecognizedPage[]>;
}

/** Lengths are pixels with y growing downwards. */
export interface RecognizedPage {
  readonly width: number;
  readonly height: number;
  /** In reading order. */
  readonly lines: readonly RecognizedLine[];
}

export interface RecognizedLine {
  /** In reading order. */
  readonly words: readonly RecognizedWord[];
}

export interface RecognizedWord {
  readonly text: string;
  /** How sure the recognizer is, from 0 to 1. */
  readonly confidence: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Draws a page that is a picture, for a recognizer. */
export interface PageImages {
  /**
   * @param page from 1.
   * @returns the page as a grey PNM at the resolution that recognizers are made for; of a file that is a picture, the
   * file.
   * @throws AppError of the `parse` group.
   */
  draw(file: ParseInput, page: number, signal: AbortSignal): Promise<Uint8Array>;
}
